"""A device agent replaces itself by a signed release, in a real browser's sight, and goes back from one that does not work.

The old agent is this tree with a release key; the new one is the same code as one executable file (zipapp) with another version.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import zipapp
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import PYTHON_BIN, TOP, AgentProcess, Appliance, Desktop, eventually
from tests.e2e.test_devices import enroll, make_token, shot
from tests.e2e.test_main_job import LONG_MS

pytestmark = pytest.mark.slow

PROGRAM = "wizhelper-access-linux-x86_64"
OLD, NEW, BROKEN = "0.1.0", "0.2.0", "0.3.0"


def release_tool(*arguments: str | Path) -> str:
    command = [sys.executable, TOP / "tools" / "release.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def tree_of(folder: Path, version: str, key: str) -> Path:
    """The code of the agent with a version and a release key of its own."""
    for package in ("agent", "wizhelper"):
        shutil.copytree(TOP / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "wizhelper" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    (folder / "agent" / "device" / "release_keys.txt").write_text(key + "\n")
    return folder


def lay_release(programs: Path, version: str, program: Path, key: Path) -> None:
    programs.mkdir(exist_ok=True)
    shutil.copy(program, programs / PROGRAM)
    release_tool("sign", "--key", key, "--version", version, programs)


@contextmanager
def device(where: Desktop, tree: Path, state: Path) -> Iterator[AgentProcess]:
    log = where.folder / f"device-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "agent.main", "device", "--state", state]
        process = subprocess.Popen(command, cwd=tree, env=harness.code_of(tree, where.environment), stdout=out, stderr=out)
    try:
        yield AgentProcess(process, log)
    except BaseException:
        sys.stderr.write(log.read_text()[-6000:])
        raise
    finally:
        harness.stop(process)


def ask_for_update(page: Page, server: Appliance, wanted: str) -> None:
    page.goto(f"{server.url}/manager/admin/devices")
    page.get_by_test_id("choose-device").first.click(timeout=LONG_MS)
    page.get_by_test_id("update-chosen").click()
    page.get_by_test_id("job-start").click()
    expect(page.get_by_test_id("job-result").first).to_have_attribute("data-state", wanted, timeout=90_000)


def test_an_agent_replaces_itself_and_goes_back_from_what_does_not_work(
    screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    """E10: signed, staged, proved, rolled back: seen in the admin web."""
    key, programs, state = tmp_path / "release.key", tmp_path / "programs", tmp_path / "state"
    public = release_tool("make-key", key)
    old = tree_of(tmp_path / "old", OLD, public)
    new = tmp_path / "new.pyz"
    shutil.copy(TOP / "installer" / "pyinstaller" / "access_main.py", tree_of(tmp_path / "new", NEW, public) / "__main__.py")
    zipapp.create_archive(tmp_path / "new", new, interpreter=str(PYTHON_BIN / "python"))
    lay_release(programs, NEW, new, key)
    with harness.appliance(tmp_path / "appliance-data", "--programs", str(programs)) as server:
        page = harness.new_context(chromium).new_page()
        problems = harness.watch_errors(page)
        harness.log_in(page, server, "boss")
        page.get_by_test_id("nav-devices").click()
        enroll(screen, server, state, "매장 카운터", "--token", make_token(page))
        with device(screen, old, state) as pc:
            eventually("online", lambda: pc.events("device") and pc.events("device")[-1]["state"] == "online", 60)
            page.goto(f"{server.url}/manager/admin/devices")
            expect(page.get_by_test_id("release")).to_contain_text(NEW, timeout=LONG_MS)
            expect(page.get_by_test_id("release")).to_have_attribute("data-stage", "first")
            ask_for_update(page, server, "done")
            shot(page, "agent-update-done")
            assert pc.events("restart") and (state / "programs" / f"wizhelper-agent-{NEW}").is_file()
            page.goto(f"{server.url}/manager/admin/devices")
            expect(page.get_by_test_id("release")).to_contain_text("최신 1대", timeout=LONG_MS)
            page.get_by_test_id("agent-updates").scroll_into_view_if_needed()
            shot(page, "agent-updates")

            broken = tmp_path / "broken"
            broken.write_text("#!/bin/sh\nexit 1\n")
            lay_release(programs, BROKEN, broken, key)
            server.stop()
            server.start()
            eventually("back", lambda: pc.events("device")[-1]["state"] == "online", 90)
            ask_for_update(page, server, "failed")
            expect(page.get_by_test_id("job-result").first).to_contain_text("이전 버전으로 돌아감")
            eventually("it went back", lambda: len(pc.events("restart")) == 2 and pc.events("device")[-1]["state"] == "online", 90)
            page.goto(f"{server.url}/manager/admin/devices")
            expect(page.get_by_test_id("release")).to_have_attribute("data-stage", "halted", timeout=LONG_MS)
            page.get_by_test_id("agent-updates").scroll_into_view_if_needed()
            shot(page, "agent-update-halted")
        assert problems == []
