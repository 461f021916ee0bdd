"""Files between the operator's browser and the customer's PC: a real Chromium, a real relay, a real agent.

RC-FT FT-PANES FT-CTX RC-FILELOG
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def home_of(screen: Desktop, folder: Path) -> Path:
    """A home of its own for the agent: desktop and documents."""
    home = folder / "home"
    for name in ("Desktop", "Documents"):
        (home / name).mkdir(parents=True)
    screen.extra_environment["HOME"] = str(home)
    screen.extra_environment["XDG_CONFIG_HOME"] = str(home / ".config")
    return home


def rows(page: Page, side: str) -> Locator:
    return page.get_by_test_id(f"files-{side}").get_by_test_id("file-row")


def row(page: Page, side: str, name: str) -> Locator:
    return page.get_by_test_id(f"files-{side}").locator(f'[data-testid=file-row][data-name="{name}"]')


def open_files(page: Page, home: Path) -> None:
    eventually("the panel is there", lambda: page.get_by_test_id("panel-files").is_enabled())
    page.get_by_test_id("panel-files").click()
    expect(rows(page, "remote").first).to_be_visible(timeout=LONG_MS)
    show(page, home)


def show(page: Page, folder: Path) -> None:
    page.get_by_test_id("remote-path").fill(str(folder))
    page.get_by_test_id("remote-path").press("Enter")
    expect(page.get_by_test_id("remote-path")).to_have_value(str(folder.resolve()), timeout=LONG_MS)


def transfer_in_state(page: Page, state: str, count: int = 1) -> None:
    expect(page.locator(f"[data-testid=transfer][data-state={state}]")).to_have_count(count, timeout=60_000)


def test_a_file_goes_there_and_another_comes_back_with_the_same_sum(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """RC-FT FT-PANES RC-FILELOG: every byte, the time of an upload, and a line in the session's record."""
    home = home_of(screen, tmp_path)
    mine = tmp_path / "보고서 2026.bin"
    mine.write_bytes(os.urandom(5_000_000))
    os.utime(mine, (1_700_000_000, 1_700_000_000))
    theirs = home / "고객 로그.txt"
    theirs.write_bytes(os.urandom(3_000_001))
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
        row_in_state(page, "ACTIVE")
        open_control(page)
        open_files(page, home)
        page.get_by_test_id("local-files").set_input_files(mine)
        row(page, "local", mine.name).click()
        page.get_by_test_id("files-send").click()
        transfer_in_state(page, "done")
        assert sha256(home / mine.name) == sha256(mine)
        assert (home / mine.name).stat().st_mtime == 1_700_000_000
        expect(row(page, "remote", mine.name)).to_be_visible(timeout=LONG_MS)

        row(page, "remote", theirs.name).click()
        with page.expect_download() as download:
            page.get_by_test_id("files-fetch").click()
        fetched = tmp_path / "fetched"
        download.value.save_as(fetched)
        assert download.value.suggested_filename == theirs.name
        assert sha256(fetched) == sha256(theirs)
        transfer_in_state(page, "done", 2)
        harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=harness.SCREENSHOTS / "files.png")
        eventually("the customer saw it", lambda: any("files" in e["names"] for e in agent.events("activities")))
        page.get_by_test_id("files-tab-log").click()
        expect(page.get_by_test_id("file-events").locator("tbody tr")).to_have_count(2, timeout=LONG_MS)
        expect(page.get_by_test_id("file-events")).to_contain_text(sha256(theirs)[:12])
        page.screenshot(path=harness.SCREENSHOTS / "files-log.png")
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
    assert [left.name for left in home.iterdir() if left.name.startswith(".wizhelper")] == []
    assert problems == []


def drop(page: Page, test_id: str, name: str, content: str) -> None:
    """A file from outside the browser, let go over an element of the page."""
    page.get_by_test_id(test_id).evaluate(
        """(element, [name, content]) => {
        const data = new DataTransfer(); data.items.add(new File([content], name));
        for (const type of ['dragover', 'drop'])
            element.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true })); }""",
        [name, content],
    )


def test_a_file_dropped_on_the_screen_lands_on_the_desktop_and_what_is_there_is_asked_about(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """FT-DROPIN FT-CTX: also through the panel's context menu, with a choice where the name is taken."""
    home = home_of(screen, tmp_path)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the panel is there", lambda: page.get_by_test_id("panel-files").is_enabled())
        drop(page, "remote-screen", "설치 안내.txt", "먼저")
        landed = home / "Desktop" / "WizHelper_Download" / "설치 안내.txt"
        eventually("the file lands", landed.exists)
        assert landed.read_text() == "먼저"

        open_files(page, landed.parent)
        drop(page, "files-local", "설치 안내.txt", "나중")
        row(page, "local", landed.name).click(button="right")
        page.get_by_role("menuitem", name="고객 PC로 전송").click()
        page.get_by_test_id("conflict-keep-both").wait_for()
        page.screenshot(path=harness.SCREENSHOTS / "files-conflict.png")
        page.get_by_test_id("conflict-keep-both").click()
        transfer_in_state(page, "done", 2)
        assert (landed.parent / "설치 안내 (2).txt").read_text() == "나중"
        row(page, "local", landed.name).click(button="right")
        page.get_by_role("menuitem", name="고객 PC로 전송").click()
        page.get_by_test_id("conflict-replace").click()
        transfer_in_state(page, "done", 3)
        assert landed.read_text() == "나중"
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
    assert problems == []


OWN_FOLDER = "window.showDirectoryPicker = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('mine', {create: true})"
"""The browser's own dialog cannot be operated by a test: its answer is a folder of the origin's storage, which is of the same kind."""

FILES_IN_FOLDER = """async () => {
    const found = {};
    const walk = async (folder, path) => { for await (const [name, handle] of folder.entries())
        if (handle.kind === 'directory') await walk(handle, path + name + '/');
        else found[path + name] = await (await handle.getFile()).text(); };
    await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle('mine'), '');
    return found; }"""


def test_folders_go_both_ways_by_dragging_between_the_panes(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """FT-DND FT-PANES: with all that is in them; new folder, rename, delete with confirmation, filter, hidden files."""
    home = home_of(screen, tmp_path)
    (home / "logs" / "old").mkdir(parents=True)
    (home / "logs" / "a.log").write_text("에이")
    (home / "logs" / "old" / "b.log").write_text("비")
    (home / "logs" / "link").symlink_to("/etc/passwd")
    (home / ".secret").write_text("x")
    page = harness.new_context(chromium, width=1600, height=900).new_page()
    page.add_init_script(OWN_FOLDER)
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        open_files(page, home)
        expect(row(page, "remote", ".secret")).to_have_count(0)
        page.get_by_test_id("files-hidden").check()
        expect(row(page, "remote", ".secret")).to_be_visible()
        page.get_by_test_id("local-open").click()
        expect(page.get_by_test_id("local-path")).to_have_text("mine")
        row(page, "remote", "logs").drag_to(page.get_by_test_id("files-local"))
        transfer_in_state(page, "done", 2)
        assert page.evaluate(FILES_IN_FOLDER) == {"logs/a.log": "에이", "logs/old/b.log": "비"}
        page.get_by_test_id("transfers-clear").click()
        expect(page.get_by_test_id("transfer")).to_have_count(0)

        show(page, home / "Documents")
        expect(row(page, "local", "logs")).to_be_visible(timeout=LONG_MS)
        row(page, "local", "logs").drag_to(page.get_by_test_id("files-remote"))
        transfer_in_state(page, "done", 2)
        assert (home / "Documents" / "logs" / "old" / "b.log").read_text() == "비"
        expect(row(page, "remote", "logs")).to_be_visible(timeout=LONG_MS)
        page.screenshot(path=harness.SCREENSHOTS / "files-folders.png")

        page.get_by_test_id("remote-make").click()
        page.get_by_test_id("file-name").fill("새 폴더")
        page.get_by_test_id("file-name-ok").click()
        expect(row(page, "remote", "새 폴더")).to_be_visible(timeout=LONG_MS)
        row(page, "remote", "새 폴더").click()
        page.keyboard.press("F2")
        page.get_by_test_id("file-name").fill("바꾼 이름")
        page.get_by_test_id("file-name-ok").click()
        expect(row(page, "remote", "바꾼 이름")).to_be_visible(timeout=LONG_MS)
        assert (home / "Documents" / "바꾼 이름").is_dir()
        row(page, "remote", "logs").click()
        page.get_by_test_id("remote-remove").click()
        page.get_by_test_id("confirm-yes").click()
        expect(row(page, "remote", "logs")).to_have_count(0, timeout=LONG_MS)
        assert not (home / "Documents" / "logs").exists() and (home / "logs").is_dir()
        row(page, "remote", "바꾼 이름").click(button="right")
        page.get_by_role("menuitem", name="경로 복사").click()
        eventually("the path is copied", lambda: page.evaluate("navigator.clipboard.readText()") == str(home / "Documents" / "바꾼 이름"))
        page.get_by_test_id("end-session").first.click()
        page.get_by_test_id("confirm-yes").click()
    assert problems == []


def test_a_hundred_thousand_names_stay_fluid(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """FT-PANES: only what is in view is on the page; the filter answers at once."""
    home = home_of(screen, tmp_path)
    many = home / "many"
    many.mkdir()
    for number in range(100_000):
        os.close(os.open(many / f"file {number:06}", os.O_CREAT | os.O_WRONLY))
    page = harness.new_context(chromium).new_page()
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        open_files(page, home)
        row(page, "remote", "many").dblclick()
        expect(page.get_by_test_id("files-remote").locator("footer")).to_contain_text("100,000", timeout=60_000)
        assert rows(page, "remote").count() < 100
        page.get_by_test_id("files-filter").fill("099999")
        expect(rows(page, "remote")).to_have_count(1, timeout=2_000)
        page.get_by_test_id("files-filter").fill("")
        page.get_by_test_id("files-remote").get_by_role("listbox").evaluate("list => { list.scrollTop = 1e9 }")
        expect(row(page, "remote", "file 099999")).to_be_visible(timeout=2_000)
