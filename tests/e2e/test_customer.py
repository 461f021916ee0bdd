"""The customer's side in real programs: the pages without JavaScript, the frozen download that connects by itself, the window."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import TOP, Appliance, Desktop, eventually
from tests.e2e.test_main_job import open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow

PROGRAMS = TOP / "dist" / "programs"
PROGRAM = PROGRAMS / "wizhelper-access-linux-x86_64"
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
END_RED = (181, 38, 30)
#: The bar is at the top of the screen; the end page below it has red in it, too.
BAR_HEIGHT = 110


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    assert PROGRAM.exists(), "the frozen program is missing: run `make frozen`"
    with harness.appliance(tmp_path_factory.mktemp("appliance"), "--programs", str(PROGRAMS)) as made:
        yield made


@pytest.fixture
def console(chromium: Browser, server: Appliance) -> Iterator[Page]:
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    yield page
    page.context.close()


@contextmanager
def program(where: Desktop, *command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in an empty environment: nothing of the test's own may be what makes it work."""
    environment = {"DISPLAY": where.display, "HOME": str(where.folder), "LANG": "ko_KR.UTF-8"}
    with (where.folder / "program.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd="/", stdout=log, stderr=log)
    try:
        yield process
    finally:
        harness.stop(process)


def red_button(where: Desktop) -> tuple[int, int] | None:
    """The middle of the bar's End button, if it is on the screen."""
    picture = np.asarray(where.picture()).astype(int)[:BAR_HEIGHT]
    rows, columns = np.nonzero(np.abs(picture - np.array(END_RED)).max(axis=2) < 12)
    return (int(np.median(columns)), int(np.median(rows))) if rows.size > 400 else None


def click(where: Desktop, at: tuple[int, int]) -> None:
    where.run("xdotool", "mousemove", str(at[0]), str(at[1]), "sleep", "0.1", "click", "1")


def test_pages_without_javascript_lead_to_a_download_that_connects_by_itself(
    server: Appliance, screen: Desktop, chromium: Browser, console: Page
) -> None:
    """CUST-URL CUST-NUM CUST-CONSENT CUST-DL CUST-RUN: the program's bytes are untouched, and no number is typed again.

    SYS-BROWSER, LNX-PKG, CUSTP-INST: no script in the page, one archive, one file that runs without being installed.
    """
    number = waiting_number(console)
    page = chromium.new_context(
        ignore_https_errors=True, locale="ko-KR", java_script_enabled=False, user_agent=LINUX
    ).new_page()
    page.goto(server.url)
    page.fill("[name=number]", f"{number[:3]} {number[3:]}")
    page.click("[name=next]")
    page.click("button[value=agree]")
    expect(page.get_by_role("alert")).to_contain_text("확인란")
    page.check("[name=read]")
    page.click("button[value=agree]")
    with page.expect_download() as download:
        page.click("a.button")
    assert download.value.suggested_filename == "setup_wizhelper_x86_64.tar.gz"
    archive = screen.folder / "download.tar.gz"
    download.value.save_as(archive)
    subprocess.run(["tar", "-xf", archive, "-C", screen.folder], check=True)
    unpacked = screen.folder / PROGRAM.name
    assert unpacked.read_bytes() == PROGRAM.read_bytes()
    with program(screen, unpacked):
        row_in_state(console, "ACTIVE")
        open_control(console)
        eventually("the picture arrives", lambda: same_picture(console, screen))
        end = eventually("the session bar shows End", lambda: red_button(screen))
        page.reload()
        expect(page.get_by_role("status")).to_contain_text("연결되었습니다")
        click(screen, end)
        expect(console.get_by_test_id("after-control")).to_be_visible(timeout=20_000)
    console.goto(f"{server.url}/manager")
    row_in_state(console, "WRAPUP")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("원격지원 내역")


def test_not_agreeing_stops_the_flow(server: Appliance, chromium: Browser, console: Page) -> None:
    """CUST-CONSENT: refusing ends the session as REFUSED; the number is used up."""
    console.get_by_test_id("wait-new").click()
    number = waiting_number(console)
    page = chromium.new_context(ignore_https_errors=True, locale="en-US", java_script_enabled=False).new_page()
    page.goto(server.url)
    page.fill("[name=number]", number)
    page.click("[name=next]")
    page.click("button[value=refuse]")
    expect(page.get_by_role("status")).to_contain_text("did not agree")
    page.goto(server.url)
    page.fill("[name=number]", number)
    page.click("[name=next]")
    expect(page.get_by_role("alert")).to_contain_text("NUMBER_UNKNOWN")


def test_the_window_takes_a_number_and_asks_for_consent(server: Appliance, screen: Desktop, console: Page) -> None:
    """CUSTP-NUM CUSTP-WHY: typed number, consent in the window, session bar, End."""
    console.get_by_test_id("wait-new").click()
    number = waiting_number(console)
    command = [harness.PYTHON_BIN / "wizhelper-agent", "connect", "--server", server.url, "--ca", server.ca]
    with program(screen, *command) as process:
        find = ("xdotool", "search", "--onlyvisible", "--name", "WizHelper")
        eventually(
            "the entry window is there",
            lambda: subprocess.run(find, env=screen.environment, capture_output=True).stdout,
        )
        harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        eventually("the window has been drawn", lambda: np.asarray(screen.picture()).std() > 20)
        screen.run("xdotool", "sleep", "0.5", "type", "--delay", "30", number)
        screen.picture().save(harness.SCREENSHOTS / "access-number.png")
        screen.run("xdotool", "key", "Return")
        row_in_state(console, "JOINING")
        screen.run("xdotool", "sleep", "0.7")
        screen.picture().save(harness.SCREENSHOTS / "access-consent.png")
        screen.run("xdotool", "key", "--delay", "150", "space", "Tab", "Return")
        row_in_state(console, "ACTIVE")
        end = eventually("the session bar shows End", lambda: red_button(screen))
        screen.picture().save(harness.SCREENSHOTS / "access-bar.png")
        click(screen, end)
        row_in_state(console, "WRAPUP")
        eventually("the bar is gone", lambda: red_button(screen) is None)
        screen.run("xdotool", "sleep", "0.5")
        screen.picture().save(harness.SCREENSHOTS / "access-end.png")
        assert process.poll() is None, "the end page stays until it is closed"


def test_an_operator_is_picked_by_name(server: Appliance, chromium: Browser, console: Page) -> None:
    """ADM-URL ADM-SET ADM-MODE CUST-MODE CUST-PICK: with the page set to operators, the waiting ones are listed by name."""
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    expect(admin).to_have_url(re.compile(r"/manager/admin"), timeout=20_000)
    admin.screenshot(path=harness.SCREENSHOTS / "admin.png")
    outcome = admin.evaluate(
        """async () => {
            const me = await (await fetch('/api/v1/me')).json()
            const { code, ...company } = await (await fetch('/api/v1/company')).json()
            const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf }
            const body = JSON.stringify({ ...company, page_mode: 'both' })
            return (await fetch('/api/v1/company', { method: 'PUT', headers, body })).status
        }"""
    )
    assert outcome == 200
    console.get_by_test_id("wait-new").click()
    waiting_number(console)
    page = chromium.new_context(ignore_https_errors=True, locale="ko-KR", java_script_enabled=False).new_page()
    page.goto(f"{server.url}/acme")
    page.get_by_role("button", name="김상담").click()
    expect(page.get_by_role("heading")).to_contain_text("서비스 이용 동의")
    row_in_state(console, "JOINING")
