"""Set-ups that cannot run here are built or read as far as that goes: NSIS compiles its script, the Mac's files are parsed."""

from __future__ import annotations

import ast
import plistlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.version_resource import four, resource

TOP = Path(__file__).parent.parent.parent
MACOS = TOP / "installer" / "macos"
SCRIPT = TOP / "installer" / "windows" / "wizhelper-agent.nsi"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("makensis") is None, reason="needs nsis")
def test_the_windows_set_up_compiles_without_a_warning(tmp_path: Path) -> None:
    program = tmp_path / "program.exe"
    program.write_bytes(b"MZ" + bytes(10_000))
    subprocess.run([TOP / "tools" / "make-nsis", program, "1.2.3", tmp_path], check=True)
    made = tmp_path / "setup_wizhelper_agent_1.2.3_x86_64.exe"
    assert made.read_bytes()[:2] == b"MZ" and "1.2.3".encode("utf-16-le") in made.read_bytes()


@pytest.mark.slow
def test_without_the_windows_program_no_set_up_is_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [TOP / "tools" / "make-nsis", tmp_path / "none.exe", "1.0", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "built on Windows" in done.stderr and list(tmp_path.iterdir()) == []


def test_the_windows_set_up_removes_all_that_it_makes() -> None:
    text = SCRIPT.read_text()
    install, _, uninstall = text.partition('Section "Uninstall"')
    for made in re.findall(
        r'(?:File /oname=|Rename "\$INSTDIR\\[^"]+" "\$INSTDIR\\|WriteUninstaller "\$INSTDIR\\)([\w.-]+)', install
    ):
        assert f'Delete "$INSTDIR\\{made}"' in uninstall, made
    assert "schtasks /create" in install and "schtasks /delete" in uninstall
    assert "WriteRegStr HKLM" in install and 'DeleteRegKey HKLM "${UNINSTALL}"' in uninstall


def test_every_word_of_the_windows_set_up_is_there_in_both_languages() -> None:
    words = re.findall(r"LangString (\w+) \$\{LANG_(\w+)\}", SCRIPT.read_text())
    names = {name for name, _ in words}
    assert names and {(name, lang) for name in names for lang in ("ENGLISH", "KOREAN")} == set(words)


def test_the_launch_agent_runs_with_somebodys_desktop_and_comes_back_after_a_crash() -> None:
    found = plistlib.loads((MACOS / "com.wizhelper.agent.plist").read_bytes())
    assert found["ProgramArguments"] == ["/Library/WizHelper/wizhelper-agent", "device"]
    assert found["LimitLoadToSessionType"] == "Aqua" and found["KeepAlive"] == {"SuccessfulExit": False}


@pytest.mark.parametrize(
    "file", [MACOS / "make-pkg", MACOS / "uninstall.sh", *sorted((MACOS / "scripts").iterdir())], ids=lambda f: f.name
)
def test_the_macs_scripts_are_scripts(file: Path) -> None:
    subprocess.run(["bash", "-n", file], check=True)
    assert file.stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("version", "numbers"), [("0.1.0", (0, 1, 0, 0)), ("1.2.dev3", (1, 2, 3, 0)), ("1.2.3.4.5", (1, 2, 3, 4))]
)
def test_versions_as_windows_writes_them(version: str, numbers: tuple[int, ...]) -> None:
    assert four(version) == numbers


def test_the_version_resource_names_product_and_version() -> None:
    """PyInstaller evaluates it as a Python expression."""
    tree = ast.parse(resource("wizhelper", "1.2.3"), mode="eval")
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert {"WizHelper", "1.2.3", "wizhelper.exe", "040904b0"} <= set(words)
