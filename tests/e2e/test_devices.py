"""A registered device in a real browser: enrolled, approved, seen coming and going, and controlled with nobody there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tests.e2e import harness
from tests.e2e.harness import PYTHON_BIN, AgentProcess, Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, arrives, notepad, same_picture, type_line
from wizhelper.devices.model import Device
from wizhelper.settings.model import Company
from wizhelper.store.database import Database, sqlite_url

pytestmark = pytest.mark.slow

PRESENCE_MS = 2000


def enroll(where: Desktop, server: Appliance, state: Path, name: str, *more: str) -> dict[str, str]:
    command = [PYTHON_BIN / "wizhelper-agent", "enroll", "--server", server.url, "--ca", server.ca, "--company", "acme"]
    command += ["--name", name, "--state", state, *more]
    done = subprocess.run(command, env=harness.code_of(harness.TOP, where.environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def device(where: Desktop, state: Path, *more: str) -> Iterator[AgentProcess]:
    log = where.folder / f"device-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        command = [PYTHON_BIN / "wizhelper-agent", "device", "--state", state, *more]
        process = subprocess.Popen(command, env=harness.code_of(harness.TOP, where.environment), stdout=out, stderr=out)
    try:
        yield AgentProcess(process, log)
    except BaseException:
        sys.stderr.write(log.read_text()[-4000:])
        raise
    finally:
        harness.stop(process)


def row(page: Page, online: bool) -> None:
    wanted = f"[data-testid=device-row][data-online={str(online).lower()}]"
    expect(page.locator(wanted)).to_have_count(1, timeout=LONG_MS)


def shot(page: Page, name: str) -> None:
    harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=harness.SCREENSHOTS / f"{name}.png")


def test_enrolled_approved_seen_and_controlled_with_nobody_there(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """DEV-LIST DEV-INFO DEV-CONNECT DEV-RECENT DEV-FLOW DEV-EDIT DEV-SEARCH AG-UNCLASS OP-DEV-BTN: the whole way."""
    screen.run("xsetroot", "-solid", "#31507a")
    typed = notepad(screen)
    registered = enroll(screen, server, tmp_path / "state", "매장 카운터")
    assert registered["standing"] == "pending"
    assert (tmp_path / "state" / "device.key").stat().st_mode & 0o777 == 0o600
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    page.get_by_test_id("devices-open").click()
    with device(screen, tmp_path / "state") as pc:
        eventually("it waits", lambda: pc.events("device") and pc.events("device")[-1]["state"] == "pending")
        assert page.get_by_test_id("device-row").count() == 0

        admin.get_by_test_id("nav-devices").click()
        expect(admin.get_by_test_id("pending-device")).to_contain_text("매장 카운터", timeout=LONG_MS)
        shot(admin, "devices-pending")
        admin.get_by_test_id("device-approve").click()
        eventually("it is online", lambda: pc.events("device")[-1]["state"] == "online")
        expect(page.locator("[data-testid=device-row][data-online=true]")).to_have_count(1, timeout=PRESENCE_MS + 1000)

        page.get_by_test_id("device-search").fill("nowhere")
        expect(page.get_by_test_id("device-row")).to_have_count(0)
        page.get_by_test_id("device-search").fill("카운터")
        page.get_by_test_id("device-row").click()
        page.get_by_test_id("device-edit").click()
        page.get_by_test_id("device-edit-model").fill("OptiPlex 3080")
        page.get_by_test_id("device-save").click()
        expect(page.get_by_test_id("device-row")).to_contain_text("OptiPlex 3080", timeout=LONG_MS)
        expect(page.locator(".notes .note")).to_have_count(0, timeout=LONG_MS)
        shot(page, "device-window")

        page.get_by_test_id("device-connect").click()
        expect(page.get_by_test_id("remote-screen")).to_be_visible(timeout=LONG_MS)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        type_line(page, "nobody here")
        arrives(page, typed, "nobody here")
        shot(page, "device-control")
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)
        eventually("the session ends", lambda: pc.events("ended"))
    page.goto(f"{server.url}/manager/devices")
    row(page, online=False)
    page.get_by_test_id("device-row").click()
    expect(page.get_by_test_id("device-connection")).to_have_count(1, timeout=LONG_MS)
    expect(page.get_by_test_id("device-connect")).to_have_count(0)
    assert problems == []


def test_presence_is_told_within_two_seconds_and_survives_the_server(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """DEV-LIST: coming, going, and a restart of the appliance. A second agent of the same device refuses to start."""
    page = harness.new_context(chromium).new_page()
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    admin.get_by_test_id("nav-devices").click()
    secret = make_token(admin)
    shot(admin, "devices-token")
    assert enroll(screen, server, tmp_path / "s", "프린터 PC", "--token", secret)["standing"] == "active"
    harness.log_in(page, server)
    page.get_by_test_id("devices-open").click()
    mine = page.locator("[data-testid=device-row]", has_text="프린터 PC")
    expect(mine).to_have_attribute("data-online", "false", timeout=LONG_MS)
    with device(screen, tmp_path / "s") as pc:
        eventually("online", lambda: pc.events("device") and pc.events("device")[-1]["state"] == "online")
        expect(mine).to_have_attribute("data-online", "true", timeout=PRESENCE_MS)
        again = [PYTHON_BIN / "wizhelper-agent", "device", "--state", tmp_path / "s"]
        second = subprocess.run(again, env=screen.environment, capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode == 1 and "ALREADY_RUNNING" in second.stderr
        server.stop()
        eventually("it sees the end", lambda: pc.events("device")[-1]["state"] == "offline")
        expect(page.get_by_test_id("live-lost")).to_be_visible(timeout=LONG_MS)
        server.start()
        eventually("it is back", lambda: pc.events("device")[-1]["state"] == "online", 60)
        expect(page.get_by_test_id("live-lost")).to_have_count(0, timeout=LONG_MS)
        expect(mine).to_have_attribute("data-online", "true", timeout=LONG_MS)
    expect(mine).to_have_attribute("data-online", "false", timeout=PRESENCE_MS)


def test_where_the_policy_asks_the_person_at_the_pc_lets_the_operator_in_or_not(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """OP-SET-APPROVE: a new policy reaches the PC at once; a no is a no, a yes opens the remote screen."""
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    admin.get_by_test_id("nav-devices").click()
    enroll(screen, server, tmp_path / "s", "임원실 PC", "--token", make_token(admin))
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    page.get_by_test_id("devices-open").click()
    with device(screen, tmp_path / "s") as pc:
        eventually("online", lambda: pc.events("device") and pc.events("device")[-1]["state"] == "online")
        admin.get_by_test_id("policy-approval").select_option("always")
        admin.get_by_test_id("policy-save").click()
        eventually("the PC has it", lambda: "always" in (tmp_path / "s" / "device.json").read_text())
        page.locator("[data-testid=device-row][data-online=true]", has_text="임원실 PC").click()
        connect_and_answer(page, screen, pc, accepted=False)
        eventually("it ended", lambda: pc.events("ended"))
        expect(page.get_by_test_id("device-connect")).to_contain_text("원격제어 연결", timeout=LONG_MS)
        connect_and_answer(page, screen, pc, accepted=True)
        expect(page.get_by_test_id("remote-screen")).to_be_visible(timeout=LONG_MS)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click(timeout=LONG_MS)


def connect_and_answer(page: Page, screen: Desktop, pc: AgentProcess, *, accepted: bool) -> None:
    """The keyboard is on "refuse" when the question opens; "allow" stands before it."""
    before = len(pc.events("asking"))
    page.get_by_test_id("device-connect").click()
    eventually("the PC asks", lambda: len(pc.events("asking")) > before)
    expect(page.get_by_test_id("device-connect")).to_contain_text("수락", timeout=LONG_MS)
    assert page.get_by_test_id("remote-screen").count() == 0
    time.sleep(2)  # the window comes to the front
    screen.picture().save(harness.SCREENSHOTS / "device-asks.png")
    screen.run("xdotool", "key", *(["shift+Tab", "space"] if accepted else ["space"]))
    eventually("answered", lambda: pc.events("answered")[before:] == [{"event": "answered", "accepted": accepted}])


def make_token(admin: Page) -> str:
    admin.get_by_test_id("token-label").fill("2층 설치")
    admin.get_by_test_id("token-save").click()
    return admin.get_by_test_id("token-secret").inner_text(timeout=LONG_MS).strip()


def test_ten_thousand_devices_scroll_and_search_without_a_pause(server: Appliance, chromium: Browser) -> None:
    """DEV-LIST DEV-SEARCH: few rows are drawn, and a search answers while one types."""
    fill(server, 10_000)
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    page.get_by_test_id("devices-open").click()
    expect(page.get_by_role("status").filter(has_text="10")).to_contain_text("000", timeout=LONG_MS)
    rows = page.get_by_test_id("device-row")
    assert 5 < rows.count() < 60
    page.get_by_test_id("device-list").evaluate("list => { list.scrollTop = list.scrollHeight }")
    expect(rows.filter(has_text="매장 09999")).to_be_visible(timeout=1000)
    shot(page, "devices-ten-thousand")
    page.get_by_test_id("device-search").fill("매장 0424")
    expect(rows).to_have_count(11, timeout=1000)
    expect(rows.first).to_contain_text("매장 00424")


def fill(server: Appliance, number: int) -> None:
    """As many devices as an appliance may have, straight into its tables."""
    now = datetime.now(UTC)

    def work(db: Session) -> None:
        company = db.scalars(select(Company)).one().id
        db.execute(
            insert(Device),
            [
                {
                    "id": str(uuid.uuid4()),
                    "company_id": company,
                    "name": f"매장 {n:05}",
                    "status": "active",
                    "key": uuid.uuid4().hex * 2,
                    "registered_at": now,
                }
                for n in range(number)
            ],
        )

    database = Database(sqlite_url(server.data / "wizhelper.db"))
    database.transact(work)
    database.stop()
