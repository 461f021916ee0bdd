"""`wizhelper admin`: first administrator, companies, accounts, passwords, diagnosis. There is no set-up page in the web."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from twisted.python import usage

from wizhelper import __version__
from wizhelper.accounts import passwords, service
from wizhelper.accounts.model import Account, LogoutReason
from wizhelper.http import tls
from wizhelper.http.api import Role
from wizhelper.http.errors import CATALOGUE, ApiError
from wizhelper.records import faults
from wizhelper.server import now, prepare_data
from wizhelper.settings.service import add_company, find_company
from wizhelper.store import audit, copies, schema
from wizhelper.store.database import Database, sqlite_url

MIN_FREE_BYTES = 2 << 30
ACTOR = "command_line"


class _Common(usage.Options):
    optParameters = [
        ["data", "d", None, "The appliance's data folder."],
        ["database", None, None, "SQLAlchemy URL, if the appliance uses one."],
    ]
    optFlags = [["json", None, "One JSON object on standard output."]]

    def postOptions(self) -> None:
        if not self["data"]:
            raise usage.UsageError("--data DIR is needed.")

    def need(self, *names: str) -> None:
        for name in names:
            if not self[name]:
                raise usage.UsageError(f"--{name} is needed.")


class _WithPassword(_Common):
    optFlags = [["password-stdin", None, "Read the password from standard input instead of making one."]]

    def password(self) -> tuple[str, bool]:
        """-> password, whether it was generated. Raises ApiError("PASSWORD_WEAK")."""
        if not self["password-stdin"]:
            return passwords.generate_password(), True
        given = sys.stdin.readline().rstrip("\r\n")
        if passwords.is_weak(given, self.get("id") or self.get("admin") or ""):
            raise ApiError("PASSWORD_WEAK")
        return given, False


class Init(_WithPassword):
    """First company and first administrator."""

    optParameters = [
        ["company", None, None, "Company code: what operators and customers type."],
        ["company-name", None, "", "Its name as people see it."],
        ["admin", None, None, "ID of the first administrator."],
    ]


class AddCompany(_Common):
    optParameters = [["company", None, None, "Company code."], ["name", None, "", "Its name."]]


class AddAccount(_WithPassword):
    optParameters = [
        ["company", None, None, "Company code."],
        ["role", None, "operator", "admin, group_admin, operator or auditor."],
        ["id", None, None, "Login ID."],
        ["name", None, "", "Display name, as customers see it."],
    ]


class ResetPassword(_WithPassword):
    optParameters = [["company", None, None, "Company code."], ["id", None, None, "Login ID."]]


class Doctor(_Common):
    """Names what is wrong, and the cure."""


class Restore(_Common):
    """Puts a copy of the database into its place; the present one is kept beside it. Stop the appliance first."""

    optParameters = [["copy", None, None, "File in DATA/backups; without it the copies are listed."]]


class VerifyAudit(_Common):
    """Reads the whole audit chain, and prints its head to be kept elsewhere."""

    optParameters = [["expect", None, None, "SEQ:HASH of a head that was printed earlier."]]

    def expected(self) -> tuple[int, str] | None:
        if not self["expect"]:
            return None
        number, _, digest = self["expect"].partition(":")
        if not (number.isdecimal() and len(digest) == 64):
            raise usage.UsageError("--expect is SEQ:HASH, as verify-audit prints it.")
        return int(number), digest


class Options(usage.Options):
    synopsis = "wizhelper admin init|add-company|add-account|reset-password|doctor|verify-audit|restore --data DIR [options]"
    subCommands = [
        ["init", None, Init, "First company and administrator."],
        ["add-company", None, AddCompany, "Another company."],
        ["add-account", None, AddAccount, "An account."],
        ["reset-password", None, ResetPassword, "A new password for an account."],
        ["doctor", None, Doctor, "Check the installation."],
        ["verify-audit", None, VerifyAudit, "Check that no line of the audit chain was changed or removed."],
        ["restore", None, Restore, "Go back to a copy that was made before an upgrade."],
    ]

    def postOptions(self) -> None:
        if self.subCommand is None:
            raise usage.UsageError(self.getUsage())


def run(options: Any) -> int:
    """0 done, 1 refused with the reason on standard error."""
    command: _Common = options.subOptions
    work = _COMMANDS[options.subCommand]
    looks_only = isinstance(command, Doctor | VerifyAudit | Restore)
    if not looks_only:
        prepare_data(Path(command["data"]))
    db = Database(command["database"] or sqlite_url(Path(command["data"]).resolve() / "wizhelper.db"))
    try:
        if not looks_only:
            db.upgrade()
        result = work(command, db)
    except ApiError as problem:
        text = CATALOGUE[problem.code].en
        detail = f" {dict(problem.fields)}" if problem.fields else ""
        sys.stderr.write(f"{problem.code}: {text.message} {text.next_step}{detail}\n")
        return 1
    except (schema.SchemaTooNew, schema.CopyFailed) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    finally:
        db.stop()
    _show(result, bool(command["json"]))
    return 1 if result.get("problems") else 0


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return
    for key, value in result.items():
        if isinstance(value, list):
            sys.stdout.write("".join(f"- {line}\n" for line in value) or f"{key}: none\n")
        elif value is not None:
            sys.stdout.write(f"{key}: {value}\n")


def _init(options: Any, db: Database) -> dict[str, Any]:
    options.need("company", "admin")
    password, generated = options.password()
    hashed = passwords.hash_password(password)

    def work(session: Session) -> None:
        company = add_company(session, now(), options["company"], options["company-name"])
        faults.add_defaults(session, company.id)
        service.add_account(session, now(), company.id, options["admin"], "", Role.ADMIN, hashed)
        audit.append(
            session, now(), company.id, ACTOR, "company.added", {"code": company.code, "admin": options["admin"]}
        )

    db.transact(work)
    names = tls.own_names()
    tls.ensure_certificate(Path(options["data"]), names, now())
    return {
        "company": options["company"].lower(),
        "id": options["admin"],
        "role": "admin",
        "password": password if generated else None,
        "ca": str(Path(options["data"]).resolve() / "ca.pem"),
    }


def _add_company(options: Any, db: Database) -> dict[str, Any]:
    options.need("company")

    def work(session: Session) -> str:
        company = add_company(session, now(), options["company"], options["name"])
        faults.add_defaults(session, company.id)
        audit.append(session, now(), company.id, ACTOR, "company.added", {"code": company.code})
        return company.code

    return {"company": db.transact(work)}


def _company_id(session: Session, code: str) -> int:
    company = find_company(session, code)
    if company is None:
        raise ApiError("COMPANY_UNKNOWN")
    return company.id


def _add_account(options: Any, db: Database) -> dict[str, Any]:
    options.need("company", "id")
    if options["role"] not in {r.value for r in Role}:
        raise usage.UsageError(f"--role is one of {', '.join(Role)}.")
    password, generated = options.password()
    hashed = passwords.hash_password(password)

    def work(session: Session) -> int:
        company = _company_id(session, options["company"])
        role = Role(options["role"])
        number = service.add_account(session, now(), company, options["id"], options["name"], role, hashed).id
        facts = {"num": number, "id": options["id"], "role": role.value}
        audit.append(session, now(), company, ACTOR, "account.added", facts)
        return number

    number = db.transact(work)
    return {
        "company": options["company"].lower(),
        "id": options["id"],
        "num": number,
        "role": options["role"],
        "name": options["name"] or options["id"],
        "password": password if generated else None,
    }


def _reset_password(options: Any, db: Database) -> dict[str, Any]:
    options.need("company", "id")
    password, generated = options.password()
    hashed = passwords.hash_password(password)

    def work(session: Session) -> None:
        company = _company_id(session, options["company"])
        account = session.scalar(
            select(Account).where(Account.company_id == company, Account.login_id == options["id"])
        )
        if account is None:
            raise ApiError("NOT_FOUND")
        account.password, account.must_change = hashed, generated
        service.close_all_logins(session, now(), account.id, LogoutReason.LOGOUT)
        audit.append(session, now(), company, ACTOR, "account.password_set", {"num": account.id})

    db.transact(work)
    return {"company": options["company"].lower(), "id": options["id"], "password": password if generated else None}


def _doctor(options: Any, db: Database) -> dict[str, Any]:
    """Each finding is one sentence that names the cure."""
    data = Path(options["data"]).resolve()
    if not data.is_dir():
        return _doctor_says(data, [f"There is no data folder {data}: run `wizhelper admin init`."])
    database = _doctor_database(db)
    checks: list[str | None] = [
        database,
        _doctor_disk(data),
        _doctor_mode(data),
        _doctor_certificate(data),
        None if database else _doctor_admin(db),
        _doctor_nvx(),
    ]
    return _doctor_says(data, checks)


def _doctor_says(data: Path, checks: list[str | None]) -> dict[str, Any]:
    return {"version": __version__, "data": str(data), "problems": [c for c in checks if c]}


def _doctor_database(db: Database) -> str | None:
    file = db.engine.url.database
    if db.engine.dialect.name == "sqlite" and not (file and Path(file).is_file()):
        return f"There is no database {file}: run `wizhelper admin init`."
    try:
        answer = db.check()
    except DatabaseError as problem:
        answer = str(problem.orig)
    return None if answer == "ok" else f"The database is damaged ({answer}): restore the last backup."


def _doctor_disk(data: Path) -> str | None:
    free = shutil.disk_usage(data).free
    return None if free >= MIN_FREE_BYTES else f"Only {free >> 20} MiB are free at {data}: make room."


def _doctor_mode(data: Path) -> str | None:
    mode = data.stat().st_mode & 0o077
    return f"{data} can be read by others: chmod 700 it." if mode else None


def _doctor_certificate(data: Path) -> str | None:
    if not (data / "server.pem").exists():
        return None
    try:
        found = tls.load_certificate(data / "server.pem", data / "server.key")
    except tls.CertificateProblem as problem:
        return (
            f"The certificate cannot be used ({problem}): remove server.pem and server.key, a new one is made at start."
        )
    days = (found.not_after - now()).days
    return f"The certificate ends in {days} days: restart the appliance to renew it." if days < 30 else None


def _doctor_admin(db: Database) -> str | None:
    query = select(Account.id).where(Account.role == Role.ADMIN, Account.status == "active").limit(1)
    try:
        found = db.look(lambda s: s.scalar(query))
    except DatabaseError:
        return "The database has no tables yet: run `wizhelper admin init`, or start the appliance."
    return None if found else "There is no administrator: run `wizhelper admin init`."


def _doctor_nvx() -> str | None:
    from autobahn.websocket import USES_NVX

    return None if USES_NVX else "autobahn runs without NVX: install its binary wheel, the relay is 30 times slower."


def _verify_audit(options: Any, db: Database) -> dict[str, Any]:
    if missing := _doctor_database(db):
        return {"problems": [missing]}
    expected = options.expected()
    verdict = db.look(lambda session: audit.verify(session, expected))
    problems = [f"The audit chain is broken: {verdict.problem}."] if verdict.problem else []
    return {"lines": verdict.seq, "head": f"{verdict.seq}:{verdict.hash}", "problems": problems}


def _restore(options: Any, db: Database) -> dict[str, Any]:
    database = Path(options["data"]).resolve() / "wizhelper.db"
    if not options["copy"]:
        return {"copies": [str(file) for file in copies.copies(database)]}
    if options["database"]:
        return {"problems": ["PostgreSQL is restored with its own tools: pg_restore."]}
    try:
        aside = copies.restore(database, Path(options["copy"]))
        return {"restored": options["copy"], "schema": copies.check(database), "before": str(aside or "")}
    except copies.InUse:
        return {"problems": ["The appliance runs. Stop it first; nothing was changed."]}
    except (copies.BadCopy, OSError, sqlite3.Error) as problem:
        return {"problems": [f"{options['copy']} cannot be restored: {problem}. Nothing was changed."]}


_COMMANDS: dict[str, Callable[[Any, Database], dict[str, Any]]] = {
    "init": _init,
    "add-company": _add_company,
    "add-account": _add_account,
    "reset-password": _reset_password,
    "doctor": _doctor,
    "verify-audit": _verify_audit,
    "restore": _restore,
}
