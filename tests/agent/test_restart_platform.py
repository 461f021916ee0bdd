"""RB-AUTOLOGON RB-CHECK RB-SECRET: what each system is asked to do for a restart, and that all of it is taken back."""

from __future__ import annotations

import configparser
import ctypes.util
import os
import plistlib
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.platform import pam
from agent.platform.restart import RestartError, run
from agent.platform.restart_linux import LinuxRestarter, desktop_entry
from agent.platform.restart_macos import MacRestarter
from agent.platform.restart_windows import RUN_ONCE, RUN_ONCE_NAME, WINLOGON, WindowsRestarter, parts_of
from wizhelper.protocol.reboot import MAX_ACCOUNT, is_account

PASSWORD = "canary-password"


class FakeSecurity:
    def __init__(self, elevated: bool = True) -> None:
        self.elevated = elevated
        self.calls: list[tuple[Any, ...]] = []

    def is_elevated(self) -> bool:
        return self.elevated

    def logon_is_right(self, domain: str, user: str, password: str) -> bool:
        self.calls.append(("logon", domain, user))
        return password == PASSWORD

    def keep_secret(self, name: str, value: str | None) -> None:
        self.calls.append(("secret", name, value))


class Commands:
    """Records what is run; `refused` commands fail as the system's would."""

    def __init__(self, **answers: str) -> None:
        self.run: list[list[str]] = []
        self.refused: set[str] = set()
        self.answers = answers

    def __call__(self, *command: str) -> str:
        self.run.append(list(command))
        if command[0] in self.refused:
            raise RestartError("refused")
        return self.answers.get(f"{command[0]}_{command[1]}", "")


# --- Windows --------------------------------------------------------------------------------------------------------


def windows(elevated: bool = True, **answers: str) -> tuple[WindowsRestarter, FakeSecurity, Commands]:
    security, commands = FakeSecurity(elevated), Commands(**answers)
    return WindowsRestarter(lambda: security, commands), security, commands


def test_windows_restarts_in_safe_mode_with_network() -> None:
    restarter, _, commands = windows()
    restarter.restart(True)
    assert commands.run == [
        ["bcdedit", "/set", "{current}", "safeboot", "network"],
        ["shutdown", "/r", "/t", "3", "/d", "p:4:1"],
    ]


def test_windows_starts_the_program_once_also_in_safe_mode() -> None:
    restarter, _, commands = windows()
    restarter.start_at_logon([r"C:\Users\Hong Gil\wizhelper.exe", "resume"])
    line = r'"C:\Users\Hong Gil\wizhelper.exe" resume'
    assert commands.run == [["reg", "add", RUN_ONCE, "/v", RUN_ONCE_NAME, "/t", "REG_SZ", "/d", line, "/f"]]
    assert RUN_ONCE_NAME.startswith("*")


def test_windows_keeps_the_password_as_a_secret_of_the_system_only_and_logs_on_once() -> None:
    restarter, security, commands = windows()
    assert restarter.password_is_right(r"CORP\hong", PASSWORD)
    assert not restarter.password_is_right("hong", "wrong")
    restarter.log_on_once(r"CORP\hong", PASSWORD)
    assert security.calls == [
        ("logon", "CORP", "hong"),
        ("logon", ".", "hong"),
        ("secret", "DefaultPassword", PASSWORD),
    ]
    values = {command[4]: command[8] for command in commands.run if command[1] == "add"}
    assert values == {
        "DefaultUserName": "hong",
        "DefaultDomainName": "CORP",
        "AutoLogonCount": "1",
        "AutoAdminLogon": "1",
    }
    assert PASSWORD not in str(commands.run)


def test_windows_takes_everything_back_even_if_a_part_is_not_there() -> None:
    restarter, security, commands = windows()
    commands.refused = {"reg", "bcdedit"}
    restarter.forget()
    assert ("secret", "DefaultPassword", None) in security.calls
    assert ["bcdedit", "/deletevalue", "{current}", "safeboot"] in commands.run
    assert ["reg", "delete", WINLOGON, "/v", "AutoAdminLogon", "/f"] in commands.run


def test_windows_leaves_an_automatic_logon_of_the_owner_alone() -> None:
    restarter, security, _ = windows(reg_query="    AutoAdminLogon    REG_SZ    1\n")
    with pytest.raises(RestartError):
        restarter.log_on_once("hong", PASSWORD)
    assert security.calls == []


def test_windows_without_administrator_rights_only_restarts() -> None:
    ability = windows(elevated=False)[0].ability()
    assert (ability.restart, ability.safe_mode, ability.auto_logon) == (True, False, False)


@pytest.mark.parametrize(("account", "parts"), [("hong", (".", "hong")), (r"CORP\hong", ("CORP", "hong"))])
def test_an_account_with_and_without_a_domain(account: str, parts: tuple[str, str]) -> None:
    assert parts_of(account) == parts


# --- macOS ----------------------------------------------------------------------------------------------------------


def test_macos_starts_the_program_once_at_the_next_logon(tmp_path: Path) -> None:
    commands = Commands()
    restarter = MacRestarter(tmp_path, commands)
    restarter.start_at_logon(["/Applications/WizHelper.app/x", "resume"])
    (file,) = (tmp_path / "Library" / "LaunchAgents").iterdir()
    found = plistlib.loads(file.read_bytes())
    assert found["ProgramArguments"] == ["/Applications/WizHelper.app/x", "resume"] and found["RunAtLoad"]
    restarter.restart(False)
    assert commands.run == [["/usr/bin/osascript", "-e", 'tell application "System Events" to restart']]
    restarter.forget()
    assert not file.exists()
    with pytest.raises(RestartError):
        restarter.log_on_once("hong", PASSWORD)


# --- Linux ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LinuxRestarter:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return LinuxRestarter(tmp_path, Commands())


def test_linux_logs_on_once_by_a_drop_in_without_a_password(linux: LinuxRestarter, tmp_path: Path) -> None:
    (tmp_path / "etc" / "lightdm").mkdir(parents=True)
    linux.log_on_once("hong", PASSWORD)
    drop_in = tmp_path / "etc" / "lightdm" / "lightdm.conf.d" / "90-wizhelper-once.conf"
    found = configparser.ConfigParser()
    found.read(drop_in)
    assert found["Seat:*"]["autologin-user"] == "hong" and PASSWORD not in drop_in.read_text()
    linux.forget()
    assert not drop_in.exists()


@pytest.mark.parametrize("name", ["a=b", "a]", "a b", "a\nautologin-user=root", "a;b", "CORP\\hong"])
def test_no_account_name_writes_another_line_into_a_configuration(
    linux: LinuxRestarter, tmp_path: Path, name: str
) -> None:
    (tmp_path / "etc" / "lightdm").mkdir(parents=True)
    with pytest.raises(RestartError):
        linux.log_on_once(name, PASSWORD)
    assert not (tmp_path / "etc" / "lightdm" / "lightdm.conf.d").exists()


def test_without_a_display_manager_nobody_is_logged_on(linux: LinuxRestarter) -> None:
    assert not linux.ability().auto_logon
    with pytest.raises(RestartError):
        linux.log_on_once("hong", PASSWORD)


def test_linux_autostart_is_the_persons_own_and_goes_again(linux: LinuxRestarter, tmp_path: Path) -> None:
    linux.start_at_logon(["/home/hong/My Programs/wizhelper", "resume"])
    (file,) = (tmp_path / "config" / "autostart").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    exec_line = next(line for line in file.read_text().splitlines() if line.startswith("Exec="))
    assert shlex.split(exec_line.removeprefix("Exec=")) == ["/home/hong/My Programs/wizhelper", "resume"]
    linux.forget()
    assert not file.exists()
    linux.forget()


@pytest.mark.parametrize("folder", ["/a b", "/a%f", "/a;rm", "/a'b", "/한글"])
def test_odd_folders_stay_one_word_in_the_entry(folder: str) -> None:
    line = next(line for line in desktop_entry([f"{folder}/x", "resume"]).splitlines() if line.startswith("Exec="))
    assert shlex.split(line.removeprefix("Exec=").replace("%%", "%")) == [f"{folder}/x", "resume"]


def test_a_line_break_in_a_command_makes_no_entry() -> None:
    with pytest.raises(RestartError):
        desktop_entry(["/a\nExec=evil"])


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(RestartError, match="gone wrong"):
        run("sh", "-c", "echo gone wrong >&2; exit 1")
    with pytest.raises(RestartError):
        run("/nonexistent/systemctl", "reboot")


# --- PAM ------------------------------------------------------------------------------------------------------------

PAM = pytest.mark.skipif(ctypes.util.find_library("pam") is None, reason="no PAM on this system")


def service(folder: Path, auth: str, account: str = "required pam_permit.so") -> str:
    (folder / "probe").write_text(f"auth {auth}\naccount {account}\n")
    return str(folder)


def judged(folder: str, password: str = PASSWORD) -> bool:
    return pam.password_is_right("root", password, "probe", folder)


@PAM
def test_pam_gets_the_very_password(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    hear = tmp_path / "hear"
    hear.write_text(f"#!/bin/sh\ntr -d '\\000' > {seen}\n")
    hear.chmod(0o755)
    assert judged(service(tmp_path, f"required pam_exec.so expose_authtok quiet {hear}"), "비밀 번호$'\"")
    assert seen.read_text() == "비밀 번호$'\""


@PAM
@pytest.mark.parametrize(
    ("auth", "account", "right"),
    [
        ("required pam_permit.so", "required pam_permit.so", True),
        ("required pam_deny.so", "required pam_permit.so", False),
        ("required pam_permit.so", "required pam_deny.so", False),
    ],
)
def test_pam_judges_password_and_account(tmp_path: Path, auth: str, account: str, right: bool) -> None:
    assert judged(service(tmp_path, auth, account)) is right


@PAM
def test_a_pam_that_does_not_work_is_no_wrong_password(tmp_path: Path) -> None:
    with pytest.raises(RestartError):
        judged(service(tmp_path, "required pam_no_such_module.so"))


# --- names from outside ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "hong", r"CORP\hong", "홍길동", "a" * MAX_ACCOUNT])
def test_account_names(name: str) -> None:
    assert is_account(name)


@pytest.mark.parametrize("name", ["-rf", "a/b", 'a"b', "a\nb", "a\0", "a" * (MAX_ACCOUNT + 1)])
def test_what_is_no_account_name(name: str) -> None:
    assert not is_account(name)


def test_the_entry_runs_what_it_says(tmp_path: Path, linux: LinuxRestarter) -> None:
    program = tmp_path / "my program"
    program.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/ran\n')
    program.chmod(0o755)
    linux.start_at_logon([str(program), "resume"])
    entry = (tmp_path / "config" / "autostart" / "wizhelper-resume.desktop").read_text()
    command = next(line for line in entry.splitlines() if line.startswith("Exec=")).removeprefix("Exec=")
    subprocess.run(shlex.split(command), check=True, env=dict(os.environ))
    assert (tmp_path / "ran").read_text() == "resume\n"
