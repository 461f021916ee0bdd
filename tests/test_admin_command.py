"""`wizhelper admin`: the only way to the first administrator; every finding of the doctor names its cure."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from wizhelper import admin
from wizhelper.__main__ import main
from wizhelper.accounts import passwords
from wizhelper.accounts.model import Account
from wizhelper.http import tls
from wizhelper.server import now
from wizhelper.settings.model import Company, ConsentText
from wizhelper.store.audit import AuditLine
from wizhelper.store.database import Database, sqlite_url

pytestmark = pytest.mark.usefixtures("cheap_hashes")
STRONG = "tr0mbone-under-Water"


class Command:
    """Runs the command in a data folder, with what is typed on standard input."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder, self._capsys, self._patch = folder, capsys, patch

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        self._patch.setattr("sys.stdin", io.StringIO(typed))
        self._capsys.readouterr()
        code = main(["admin", words[0], "--data", str(self.folder), *words[1:]])
        out = self._capsys.readouterr()
        return code, out.out, out.err

    def json(self, *words: str, typed: str = "") -> Any:
        code, out, err = self(*words, "--json", typed=typed)
        assert out.count("\n") == 1 and err == "", err
        return {"exit": code, **json.loads(out)}

    def look(self, work: Any) -> Any:
        db = Database(sqlite_url(self.folder / "wizhelper.db"))
        found = db.look(work)
        db.stop()
        return found

    def account(self, login_id: str) -> Account:
        found: Account = self.look(lambda s: s.scalar(select(Account).where(Account.login_id == login_id)))
        return found


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(tmp_path / "data", capsys, monkeypatch)


@pytest.fixture
def installed(command: Command) -> Command:
    command("init", "--company", "acme", "--admin", "root")
    return command


def test_init_makes_company_administrator_texts_and_certificate(command: Command) -> None:
    made = command.json("init", "--company", "ACME", "--company-name", "애크미", "--admin", "root")
    assert (made["exit"], made["company"], made["id"], made["role"]) == (0, "acme", "root", "admin")
    assert passwords.verify_password(command.account("root").password, made["password"])
    company = command.look(lambda s: s.scalars(select(Company)).one())
    assert (company.code, company.name) == ("acme", "애크미")
    assert sorted(command.look(lambda s: [t.lang for t in s.scalars(select(ConsentText))])) == ["en", "ko"]
    assert Path(made["ca"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert command.folder.stat().st_mode & 0o077 == 0


def test_keys_of_the_data_folder_can_be_read_by_their_owner_only(installed: Command) -> None:
    for file in installed.folder.glob("*.key"):
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_given_password_is_taken_and_not_shown(command: Command) -> None:
    code, out, err = command("init", "--company", "acme", "--admin", "root", "--password-stdin", typed=STRONG + "\n")
    assert code == 0 and STRONG not in out + err
    assert passwords.verify_password(command.account("root").password, STRONG)
    assert not command.account("root").must_change


@pytest.mark.parametrize("weak", ["", "short", "password1", "aaaaaaaaaaaa"])
@pytest.mark.parametrize(
    "words",
    [
        ("init", "--company", "b2", "--admin", "x"),
        ("add-account", "--company", "acme", "--id", "y"),
        ("reset-password", "--company", "acme", "--id", "root"),
    ],
)
def test_a_weak_password_from_standard_input_is_refused_and_nothing_is_made(
    installed: Command, words: tuple[str, ...], weak: str
) -> None:
    before = installed.look(lambda s: [(a.login_id, a.password) for a in s.scalars(select(Account))])
    code, out, err = installed(*words, "--password-stdin", typed=weak + "\n")
    assert (code, out) == (1, "") and err.startswith("PASSWORD_WEAK")
    assert installed.look(lambda s: [(a.login_id, a.password) for a in s.scalars(select(Account))]) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("init", "--company", "acme", "--admin", "other"), "ID_TAKEN"),
        (("init", "--company", "api", "--admin", "x"), "INVALID_FIELDS"),
        (("init", "--company", "../x", "--admin", "x"), "INVALID_FIELDS"),
        (("add-company", "--company", "manager"), "INVALID_FIELDS"),
        (("add-account", "--company", "nobody", "--id", "x"), "COMPANY_UNKNOWN"),
        (("add-account", "--company", "acme", "--id", "root"), "ID_TAKEN"),
        (("add-account", "--company", "acme", "--id", "<x>"), "INVALID_FIELDS"),
        (("reset-password", "--company", "acme", "--id", "nobody"), "NOT_FOUND"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_a_code_and_the_next_step(
    installed: Command, words: tuple[str, ...], code: str
) -> None:
    exit_code, out, err = installed(*words)
    assert (exit_code, out) == (1, "")
    assert err.startswith(f"{code}: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("init", "--company", "x2"),
        ("init", "--admin", "x"),
        ("add-account", "--company", "acme"),
        ("add-account", "--company", "acme", "--id", "x", "--role", "god"),
        ("reset-password",),
    ],
)
def test_missing_and_unknown_options_are_named(installed: Command, words: tuple[str, ...]) -> None:
    code, _, err = installed(*words)
    assert code == 2 and "--" in err


@pytest.mark.parametrize("words", [[], ["admin"], ["admin", "nothing"], ["admin", "doctor"], ["nothing"], ["serve"]])
def test_a_command_that_is_not_complete_ends_with_2_and_a_hint(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("role", ["admin", "group_admin", "operator", "auditor"])
def test_an_account_of_each_role_can_be_added(installed: Command, role: str) -> None:
    made = installed.json("add-account", "--company", "acme", "--id", "kim", "--role", role, "--name", "김")
    assert (made["exit"], made["role"], made["name"]) == (0, role, "김")
    assert installed.account("kim").role == role


def test_a_reset_password_replaces_the_old_and_a_made_one_must_be_changed(installed: Command) -> None:
    made = installed.json("reset-password", "--company", "acme", "--id", "root")
    account = installed.account("root")
    assert passwords.verify_password(account.password, made["password"]) and account.must_change


def test_without_json_people_read_lines(installed: Command) -> None:
    code, out, _ = installed("add-company", "--company", "beta")
    assert (code, out) == (0, "company: beta\n")


# --- doctor -----------------------------------------------------------------------------------------------------------


def _problems(command: Command) -> list[str]:
    found = command.json("doctor")
    assert found["exit"] == (1 if found["problems"] else 0)
    problems: list[str] = found["problems"]
    return problems


def test_a_good_installation_has_no_findings(installed: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "MIN_FREE_BYTES", 0)
    assert _problems(installed) == []


def test_the_doctor_changes_nothing_where_nothing_is(command: Command) -> None:
    (finding,) = _problems(command)
    assert "wizhelper admin init" in finding
    assert not command.folder.exists()


def test_the_doctor_finds_a_full_disk(installed: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "MIN_FREE_BYTES", 1 << 60)
    (finding,) = _problems(installed)
    assert "make room" in finding


def _break(command: Command, how: str, patch: pytest.MonkeyPatch) -> None:
    folder = command.folder
    if how == "mode":
        folder.chmod(0o755)
    elif how == "damaged":
        (folder / "wizhelper.db").write_bytes(b"no database " * 1000)
    elif how == "missing":
        (folder / "wizhelper.db").unlink()
    elif how == "certificate":
        (folder / "server.pem").write_text("rubbish")
    elif how == "soon":
        (folder / "server.pem").unlink()
        tls.ensure_certificate(folder, ("localhost",), now() - timedelta(days=tls.CERTIFICATE_DAYS - 10))
    elif how == "no admin":
        db = Database(sqlite_url(folder / "wizhelper.db"))
        db.transact(lambda s: setattr(s.scalars(select(Account)).one(), "status", "disabled"))
        db.stop()


@pytest.mark.parametrize(
    ("how", "cure"),
    [
        ("mode", "chmod 700"),
        ("damaged", "restore the last backup"),
        ("missing", "wizhelper admin init"),
        ("certificate", "remove server.pem"),
        ("soon", "restart the appliance"),
        ("no admin", "wizhelper admin init"),
    ],
)
def test_the_doctor_names_what_is_wrong_and_the_cure(
    installed: Command, monkeypatch: pytest.MonkeyPatch, how: str, cure: str
) -> None:
    monkeypatch.setattr(admin, "MIN_FREE_BYTES", 0)
    _break(installed, how, monkeypatch)
    (finding,) = _problems(installed)
    assert cure in finding


def test_the_audit_chain_is_checked_against_itself_and_against_a_noted_head(installed: Command) -> None:
    whole = installed.json("verify-audit")
    assert (whole["exit"], whole["problems"]) == (0, []) and whole["lines"] >= 1
    assert installed("verify-audit", "--expect", whole["head"])[0] == 0
    (problem,) = installed.json("verify-audit", "--expect", f"{whole['lines']}:{'0' * 64}")["problems"]
    assert "noted" in problem
    db = Database(sqlite_url(installed.folder / "wizhelper.db"))
    db.transact(lambda s: s.execute(delete(AuditLine).where(AuditLine.seq == whole["lines"])))
    db.stop()
    broken = installed.json("verify-audit")
    assert broken["exit"] == 1 and "cut off" in broken["problems"][0]
