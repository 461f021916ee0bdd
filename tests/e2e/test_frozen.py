"""The main job with frozen programs only, each in an empty environment: no Python, no checkout, no settings of a shell."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e import harness
from tests.e2e.harness import TOP, Appliance, Desktop, eventually
from tests.e2e.test_main_job import (
    arrives,
    notepad,
    open_control,
    row_in_state,
    same_picture,
    type_line,
    waiting_number,
)

pytestmark = pytest.mark.slow

APPLIANCE = TOP / "dist" / "wizhelper"
PROGRAMS = TOP / "dist" / "programs"
ACCESS = PROGRAMS / "wizhelper-access-linux-x86_64"
FROZEN = pytest.mark.skipif(not (APPLIANCE.exists() and ACCESS.exists()), reason="run `make frozen` first")


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Appliance]:
    made = Appliance(tmp_path, harness.free_port(), program=APPLIANCE, frozen=True)
    made.set_up()
    made.start()
    yield made
    made.stop()


@FROZEN
def test_from_a_number_to_a_typed_word_with_frozen_programs_only(
    frozen: Appliance, screen: Desktop, chromium: Browser
) -> None:
    """OP-LOGIN-CO RC-TOOLBAR: login, number, picture, keyboard."""
    typed = notepad(screen)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    harness.log_in(page, frozen)
    number = waiting_number(page)
    bare = ("env", "-i", f"DISPLAY={screen.display}", f"HOME={screen.folder}", ACCESS)
    with harness.agent(screen, frozen, "--number", number, "--yes", program=bare) as pc:
        row_in_state(page, "ACTIVE")
        open_control(page)
        eventually("the picture arrives", lambda: same_picture(page, screen))
        type_line(page, "frozen and alive")
        arrives(page, typed, "frozen and alive")
        eventually("its pixels come back", lambda: same_picture(page, screen))
        assert pc.events("refused") == []
    assert problems == []


@FROZEN
@pytest.mark.parametrize("program", [APPLIANCE, ACCESS], ids=lambda file: file.name)
def test_a_program_lists_its_parts_and_was_not_packed(program: Path) -> None:
    bill = json.loads(program.with_name(f"{program.name}.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    names = {part["name"].lower() for part in bill["components"]}
    assert {"twisted", "autobahn", "cryptography", "cpython"} <= names
    assert all(part["version"] for part in bill["components"])
    assert b"UPX!" not in program.read_bytes()


@FROZEN
def test_the_checksums_are_those_of_the_programs() -> None:
    for line in (PROGRAMS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((PROGRAMS / name).read_bytes()).hexdigest() == digest


@FROZEN
@pytest.mark.parametrize("program", [APPLIANCE, ACCESS], ids=lambda file: file.name)
def test_nothing_of_the_machine_that_built_it_is_in_it(program: Path) -> None:
    found = subprocess.run(["grep", "-c", "-F", str(TOP), program], capture_output=True, text=True, check=False)
    assert found.stdout.strip() == "0"
