"""A restart in the middle of a session, simulated: the agent and its whole desktop die and come back by the autostart entry."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import AgentProcess, Appliance, Desktop, eventually
from tests.e2e.test_devices import device, enroll
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, same_picture, waiting_number

pytestmark = pytest.mark.slow


def personal(folder: Path) -> dict[str, str]:
    """The home of a person at a PC whose `systemctl` writes down what it was asked."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    fake = programs / "systemctl"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n')
    fake.chmod(0o755)
    home = {name: str(folder / sub) for name, sub in (("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"))}
    return {**home, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def autostart(folder: Path) -> Path:
    return folder / "config" / "autostart" / "wizhelper-resume.desktop"


def boot(where: Desktop, server: Appliance, folder: Path) -> AgentProcess:
    """What a desktop does at its start: runs the entries in autostart."""
    line = next(line for line in autostart(folder).read_text().splitlines() if line.startswith("Exec="))
    log = folder / "resumed.log"
    with log.open("wb") as out:
        environment = harness.code_of(server.tree, where.environment)
        process = subprocess.Popen(shlex.split(line.removeprefix("Exec=")), env=environment, stdout=out, stderr=out)
    where.processes.append(process)
    return AgentProcess(process, log)


def ask_for_restart(page: Page) -> None:
    page.get_by_test_id("panel-reboot").click()
    expect(page.get_by_test_id("reboot-go")).to_be_enabled(timeout=LONG_MS)
    page.get_by_test_id("reboot-go").click()
    page.get_by_test_id("confirm-yes").click()


def done(page: Page, step: str) -> None:
    expect(page.get_by_test_id(f"step-{step}")).to_have_attribute("data-done", "true", timeout=LONG_MS)


def test_the_same_session_goes_on_after_a_restart(server: Appliance, chromium: Browser, tmp_path: Path) -> None:
    """RC-REBOOT RB-RECON RB-NOAUTO: ladder, picture, chat and trust come back without a number, a consent or a click."""
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    first = tmp_path / "first"
    first.mkdir()
    kept = tmp_path / "state" / "wizhelper" / "resume.json"
    with harness.desktop(first) as before:
        before.extra_environment |= personal(tmp_path)
        with harness.agent(before, server, "--number", waiting_number(page), "--yes") as agent:
            row_in_state(page, "ACTIVE")
            open_control(page)
            page.get_by_test_id("panel-chat").click()
            page.get_by_test_id("chat-text").fill("재부팅하겠습니다")
            page.get_by_test_id("chat-text").press("Enter")
            expect(page.get_by_test_id("chat-line")).to_have_count(1, timeout=LONG_MS)
            ask_for_restart(page)
            eventually("the system is asked to restart", lambda: (tmp_path / "asked").exists())
            assert (tmp_path / "asked").read_text() == "reboot --no-wall\n"
            assert agent.events("restart_asked") and stat.S_IMODE(kept.stat().st_mode) == 0o600
            done(page, "going_down")
            assert harness.stop(agent.process) == 0
        done(page, "no_signal")
        expect(page.get_by_test_id("trouble")).to_contain_text("재부팅")
        page.screenshot(path=harness.SCREENSHOTS / "reboot-no-signal.png")
    second = tmp_path / "second"
    second.mkdir()
    with harness.desktop(second) as after:
        after.extra_environment |= personal(tmp_path)
        after.run("xsetroot", "-solid", "#27632a")
        resumed = boot(after, server, tmp_path)
        done(page, "network_up")
        done(page, "desktop")
        eventually("the picture of the new desktop", lambda: same_picture(page, after))
        assert not kept.exists() and not autostart(tmp_path).exists()
        assert [line["text"] for line in resumed.events("chat")] == ["재부팅하겠습니다"]
        expect(page.get_by_test_id("lock-state")).to_have_attribute("data-trust", "unverified")
        page.screenshot(path=harness.SCREENSHOTS / "reboot-desktop.png")
        page.get_by_test_id("panel-chat").click()
        page.get_by_test_id("chat-text").fill("다시 왔습니다")
        page.get_by_test_id("chat-text").press("Enter")
        expect(page.get_by_test_id("chat-line")).to_have_count(2, timeout=LONG_MS)
        steps = told(page, server)
        assert [one["step"] for one in steps] == ["going_down", "no_signal", "network_up", "desktop"]
    assert problems == []


def test_a_registered_device_comes_back_without_anybody_there(
    server: Appliance, chromium: Browser, tmp_path: Path
) -> None:
    """RB-RECON: the device's own service brings it back; by its policy nobody is asked, and its key is the same."""
    state = tmp_path / "devices" / "one"
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    page.get_by_test_id("devices-open").click()
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with harness.desktop(first) as before:
        before.extra_environment |= personal(tmp_path)
        enroll(before, server, state, "매장 카운터")
        with device(before, state) as pc:
            admin.get_by_test_id("nav-devices").click()
            admin.get_by_test_id("device-approve").click(timeout=LONG_MS)
            eventually("it is online", lambda: pc.events("device") and pc.events("device")[-1]["state"] == "online")
            page.get_by_test_id("device-row").click(timeout=LONG_MS)
            page.get_by_test_id("device-connect").click()
            eventually("the picture arrives", lambda: same_picture(page, before))
            ask_for_restart(page)
            eventually("the system is asked to restart", lambda: (tmp_path / "asked").exists())
            done(page, "going_down")
            assert (state / "resume.json").exists() and not autostart(tmp_path).exists()
        done(page, "no_signal")
    with harness.desktop(second) as after:
        after.extra_environment |= personal(tmp_path)
        after.run("xsetroot", "-solid", "#27632a")
        with device(after, state) as pc:
            done(page, "desktop")
            eventually("the picture of the new desktop", lambda: same_picture(page, after))
            assert pc.events("resumed")[0]["at_desktop"] is True and not (state / "resume.json").exists()
            page.screenshot(path=harness.SCREENSHOTS / "reboot-device.png")
    assert problems == []


def told(page: Page, server: Appliance) -> list[dict[str, Any]]:
    """The ladder as the REST API has it."""
    answer = page.request.get(f"{server.url}/api/v1/sessions")
    session = next(one for one in json.loads(answer.text())["items"] if one["reboot"] is not None)
    steps: list[dict[str, Any]] = session["reboot"]["steps"]
    return steps
