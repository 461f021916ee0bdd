"""RC-REC ADM-REC-WORK: a session is recorded by the company's policy, kept encrypted on the appliance, and played in the admin web."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number
from tests.e2e.test_recording import STATE, activities, color_at, colour, near, player_says, plays_elsewhere

pytestmark = pytest.mark.slow

PASSPHRASE = "a passphrase of the company"
EBML = bytes.fromhex("1a45dfa3")
"""How every WebM file begins."""


def shot(page: Page, name: str) -> None:
    harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=harness.SCREENSHOTS / f"{name}.png")


def make_key(page: Page, folder: Path) -> Path:
    """In the browser: -> the key file that it gave."""
    page.get_by_test_id("nav-recordings").click()
    page.get_by_test_id("key-make").click()
    page.get_by_test_id("key-passphrase").fill(PASSPHRASE)
    page.get_by_test_id("key-repeat").fill(PASSPHRASE)
    shot(page, "recording-key")
    with page.expect_download() as download:
        page.get_by_test_id("key-submit").click()
    file = folder / "key.json"
    download.value.save_as(file)
    expect(page.get_by_test_id("key-row")).to_have_count(1)
    return file


def record_everything(page: Page) -> None:
    page.get_by_test_id("recording-policy").select_option("always")
    page.get_by_test_id("recording-save-settings").click()
    expect(page.locator(".notes .note").first).to_be_visible()


def recorded_session(server: Appliance, screen: Desktop, page: Page) -> None:
    """Red, then blue; the operator does nothing to have it recorded."""
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        colour(screen, "red")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        expect(page.get_by_test_id("record")).to_have_attribute(STATE, "on", timeout=LONG_MS)
        expect(page.get_by_test_id("record")).to_be_disabled()
        eventually("the customer is told", lambda: activities(agent) == ["recording"])
        shot(page, "recording-by-policy")
        page.wait_for_timeout(1500)
        colour(screen, "blue")
        page.wait_for_timeout(1500)
        with page.expect_download():
            page.get_by_test_id("shot").click()
        page.wait_for_timeout(4000)
        eventually("chunks come while it is recorded", lambda: files_of(server))
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
        eventually("the recording is whole", lambda: states(server) == ["finished"])


def files_of(server: Appliance) -> list[Path]:
    return sorted((server.data / "recordings").glob("*.whr"))


def states(server: Appliance) -> list[str]:
    with sqlite3.connect(f"file:{server.data / 'wizhelper.db'}?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("SELECT state FROM recordings ORDER BY begun_at")]


def open_recording(page: Page, button: str, passphrase: str) -> None:
    page.get_by_test_id(button).first.click()
    page.get_by_test_id("recording-reason").fill("고객 민원 확인")
    page.get_by_test_id("recording-passphrase").fill(passphrase)
    page.get_by_test_id("recording-go").click()


def test_every_session_is_recorded_to_the_appliance_and_only_the_key_plays_it(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """RC-REC: by policy, encrypted before it leaves the console, played with real pixels; a wrong passphrase opens nothing."""
    admin = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(admin)
    harness.log_in(admin, server, "boss")
    key = make_key(admin, tmp_path)
    record_everything(admin)
    console = harness.new_context(chromium).new_page()
    trouble = harness.watch_errors(console)
    harness.log_in(console, server)
    recorded_session(server, screen, console)
    nothing_plain(server, key)

    admin.reload()
    expect(admin.get_by_test_id("recording-state")).to_have_attribute(STATE, "finished", timeout=LONG_MS)
    shot(admin, "recordings-admin")
    open_recording(admin, "recording-play", "not the passphrase")
    expect(admin.get_by_test_id("recording-problem")).to_be_visible(timeout=LONG_MS)
    shot(admin, "recording-wrong-passphrase")
    expect(admin.get_by_test_id("recording-player")).to_have_count(0)
    admin.get_by_test_id("recording-passphrase").fill(PASSPHRASE)
    admin.get_by_test_id("recording-go").click()
    expect(admin.get_by_test_id("recording-player")).to_be_visible(timeout=LONG_MS)
    eventually("the player is ready", lambda: player_says(admin, "readyState") >= 2)
    length = player_says(admin, "duration")
    assert 5 < length < 60
    assert near(color_at(admin, 0.7), (255, 0, 0))
    assert near(color_at(admin, length - 0.3), (0, 0, 255))
    scene = admin.locator("[data-testid=recording-scene][data-kind=screenshot]").first
    scene.click()
    eventually("the jump arrives", lambda: player_says(admin, "currentTime") > 2)
    shot(admin, "recording-played")
    admin.keyboard.press("Escape")
    downloaded_and_deleted(server, admin, tmp_path, key)
    assert problems == trouble == []


def test_what_a_closed_tab_and_a_stopped_server_left_is_sent_later_and_plays(
    server: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """RC-REC: the remote control goes on while the server is away; what was recorded waits, encrypted, and is sent afterwards."""
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    admin.get_by_test_id("nav-recordings").click()
    expect(admin.get_by_test_id("recording-policy")).to_have_value("always")
    context = harness.new_context(chromium)
    page = context.new_page()
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        colour(screen, "lime")
        open_control(page)
        expect(page.get_by_test_id("record")).to_have_attribute(STATE, "on", timeout=LONG_MS)
        eventually("a first chunk is there", lambda: files_of(server))
        server.stop()
        colour(screen, "red")
        page.wait_for_timeout(500)
        server.start()
        eventually("the picture is back", lambda: same_picture(page, screen), 40)
        colour(screen, "blue")
        page.wait_for_timeout(7000)
        page.close()
        again = context.new_page()
        again.goto(f"{server.url}/manager")
        row_in_state(again, "SUSPENDED")
        eventually("what waited was sent", lambda: states(server)[-1:] == ["abandoned"], 40)
    admin.reload()
    open_recording(admin, "recording-play", PASSPHRASE)
    expect(admin.get_by_test_id("recording-player")).to_be_visible(timeout=LONG_MS)
    eventually("the player is ready", lambda: player_says(admin, "readyState") >= 2)
    length = player_says(admin, "duration")
    assert 3 < length < 120
    assert near(color_at(admin, 0.3), (0, 255, 0))
    # The last picture is the last moment: nobody was there any more to say how long it stood.
    assert near(color_at(admin, length), (0, 0, 255))
    shot(admin, "recording-broken-off")


def nothing_plain(server: Appliance, key: Path) -> None:
    """Neither container nor key: what is on the disk, and in the database, plays nothing."""
    (file,) = files_of(server)
    data = file.read_bytes()
    assert len(data) > 1000
    assert EBML not in data and b"webm" not in data and b"V_VP" not in data
    made = json.loads(key.read_text())
    assert PASSPHRASE.encode() not in (server.data / "wizhelper.db").read_bytes()
    assert set(made) == {"format", "name", "public", "wrapped"}


def downloaded_and_deleted(server: Appliance, page: Page, folder: Path, key: Path) -> None:
    """With the key file instead of the server's copy; then a changed byte is found; then it is gone."""
    page.get_by_test_id("recording-download").first.click()
    page.get_by_test_id("recording-key-file").set_input_files(key)
    page.get_by_test_id("recording-reason").fill("증거 제출")
    page.get_by_test_id("recording-passphrase").fill(PASSPHRASE)
    with page.expect_download() as download:
        page.get_by_test_id("recording-go").click()
    saved = folder / "saved.webm"
    download.value.save_as(saved)
    plays_elsewhere(saved, length_of(server))
    (file,) = files_of(server)
    data = bytearray(file.read_bytes())
    data[200] ^= 1
    file.write_bytes(data)
    open_recording(page, "recording-play", PASSPHRASE)
    expect(page.get_by_test_id("recording-problem")).to_contain_text("조각 1", timeout=LONG_MS)
    shot(page, "recording-tampered")
    page.keyboard.press("Escape")
    page.get_by_test_id("recording-delete").first.click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("recording-row")).to_have_count(0)
    assert files_of(server) == []


def length_of(server: Appliance) -> float:
    with sqlite3.connect(f"file:{server.data / 'wizhelper.db'}?mode=ro", uri=True) as db:
        return float(db.execute("SELECT duration_ms FROM recordings").fetchone()[0]) / 1000
