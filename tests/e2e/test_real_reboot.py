"""A real restart: a guest under systemd, the frozen program in it, `systemctl reboot` asked for from the console."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.guest import REBOOT_ASKED, autostart, guest, possible
from tests.e2e.harness import TOP, Appliance, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number
from tests.e2e.test_reboot import ask_for_restart, done, told

pytestmark = pytest.mark.slow

PROGRAM = TOP / "dist" / "programs" / "wizhelper-access-linux-x86_64"


def is_green(page: Page) -> bool:
    """Far from the pointer and from any window; the picture may have lost a little."""
    seen = harness.canvas_picture(page).getpixel((100, 600))
    return all(abs(found - wanted) <= 8 for found, wanted in zip(seen, (0x27, 0x63, 0x2A), strict=True))


@pytest.mark.skipif(not possible(), reason="needs root and systemd-nspawn")
@pytest.mark.skipif(not PROGRAM.exists(), reason="run `make frozen` first")
def test_a_machine_that_really_restarts_comes_back_into_its_session(
    server: Appliance, chromium: Browser, tmp_path: Path
) -> None:
    """RC-REBOOT RB-RECON RB-NOAUTO"""
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, server)
    with guest(tmp_path) as pc:
        shutil.copy(PROGRAM, pc.root / "opt" / "wizhelper")
        shutil.copy(server.ca, pc.home / "ca.pem")
        number = waiting_number(page)
        command = f"/opt/wizhelper connect --server {server.url} --ca /root/ca.pem --number {number} --yes"
        autostart(pc.home, "once.desktop", command)
        pc.boot()
        row_in_state(page, "ACTIVE")
        (pc.home / ".config" / "autostart" / "once.desktop").unlink()
        open_control(page)
        ask_for_restart(page)
        assert pc.goes_down() == REBOOT_ASKED
        done(page, "no_signal")
        kept = pc.home / ".local" / "state" / "wizhelper" / "resume.json"
        assert kept.exists() and len(list((pc.home / ".config" / "autostart").iterdir())) == 1

        pc.colour = "#27632a"
        pc.boot()
        done(page, "network_up")
        done(page, "desktop")
        assert pc.boots() == 2
        page.screenshot(path=harness.SCREENSHOTS / "reboot-real.png")
        eventually("the picture of the desktop after the restart", lambda: is_green(page))
        assert not kept.exists() and list((pc.home / ".config" / "autostart").iterdir()) == []
        assert [one["step"] for one in told(page, server)] == ["going_down", "no_signal", "network_up", "desktop"]
        page.screenshot(path=harness.SCREENSHOTS / "reboot-real.png")
        expect(page.get_by_test_id("reboot-ladder")).to_have_count(0, timeout=2 * LONG_MS)
    assert problems == []
