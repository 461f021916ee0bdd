"""Many accounts from one CSV text: all lines are checked first, and either all of them become accounts or none.

The first line names the columns: `id` is needed, `display_name`, `role`, `team` and `addresses` (separated by spaces) may
be there. `team` is the name of a group that exists. Passwords are made for all and given back once.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts import passwords, service
from wizhelper.accounts.bodies import ImportIn, ImportOut, ImportRow
from wizhelper.accounts.model import Account, Team
from wizhelper.accounts.people import People, placed
from wizhelper.http.api import Call, Caller, Role
from wizhelper.http.errors import ApiError

COLUMNS = frozenset({"id", "display_name", "role", "team", "addresses"})
MAX_ROWS = 300
MAX_NAME = 100


@dataclass
class Line:
    """One account to be. `error`: ID_FORMAT, ID_TAKEN, ID_TWICE, NAME_LONG, ROLE_UNKNOWN, TEAM_UNKNOWN, NOT_YOURS, ADDRESS."""

    number: int
    id: str
    display_name: str
    role: str
    team: str
    addresses: list[str] = field(default_factory=list)
    team_id: int | None = None
    error: str | None = None

    def shown(self, password: str | None = None) -> ImportRow:
        return ImportRow(
            line=self.number,
            id=self.id[:MAX_NAME],
            display_name=self.display_name[:MAX_NAME],
            role=self.role[:MAX_NAME],
            team=self.team[:MAX_NAME],
            error=self.error,
            password=password,
        )


def parsed(text: str) -> list[Line]:
    """Raises ApiError("INVALID_FIELDS") for a file that is no table of accounts."""
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        names = [name.strip().lower() for name in reader.fieldnames or []]
        if "id" not in names or len(set(names)) != len(names) or not set(names) <= COLUMNS:
            raise ApiError("INVALID_FIELDS", fields={"csv": f"first line: {', '.join(sorted(COLUMNS))}"})
        reader.fieldnames = names
        lines = [_line(reader.line_num, row) for row in reader]
    except csv.Error as problem:
        raise ApiError("INVALID_FIELDS", fields={"csv": str(problem)}) from None
    if not 1 <= len(lines) <= MAX_ROWS:
        raise ApiError("INVALID_FIELDS", fields={"csv": f"1..{MAX_ROWS} lines of accounts"})
    return lines


def _line(number: int, row: dict[str | None, object]) -> Line:
    def cell(name: str) -> str:
        return str(row.get(name) or "").strip()

    made = Line(number, cell("id"), cell("display_name"), cell("role").lower() or Role.OPERATOR, cell("team"))
    made.addresses = cell("addresses").split()
    if None in row:
        made.error = "TOO_MANY_CELLS"
    return made


def check(session: Session, caller: Caller, lines: list[Line]) -> None:
    """Sets `error` and `team_id` of each line."""
    taken = set(session.scalars(select(Account.login_id).where(Account.company_id == caller.company)))
    teams = {team.name: team.id for team in session.scalars(select(Team).where(Team.company_id == caller.company))}
    seen: set[str] = set()
    for line in lines:
        line.error = line.error or _problem(session, caller, line, taken, teams)
        if line.error is None and line.id in seen:
            line.error = "ID_TWICE"
        seen.add(line.id)


def _problem(session: Session, caller: Caller, line: Line, taken: set[str], teams: dict[str, int]) -> str | None:
    if not service.LOGIN_ID.fullmatch(line.id):
        return "ID_FORMAT"
    if line.id in taken:
        return "ID_TAKEN"
    if len(line.display_name) > MAX_NAME:
        return "NAME_LONG"
    if line.role not in set(Role):
        return "ROLE_UNKNOWN"
    if line.team and line.team not in teams:
        return "TEAM_UNKNOWN"
    return _problem_of_place(session, caller, line, teams)


def _problem_of_place(session: Session, caller: Caller, line: Line, teams: dict[str, int]) -> str | None:
    try:
        service.checked_addresses(line.addresses)
    except ApiError:
        return "ADDRESS"
    try:
        line.team_id = placed(session, caller, line.role, teams.get(line.team))
    except ApiError:
        return "NOT_YOURS"
    return None


async def run(people: People, call: Call[ImportIn]) -> ImportOut:
    """A dry run or a file with errors changes nothing. Raises ApiError("INVALID_FIELDS")."""
    lines = parsed(call.body.csv)
    await people.db.read(lambda s: check(s, call.caller, lines))
    errors = sum(line.error is not None for line in lines)
    if errors or call.body.dry_run:
        return ImportOut(rows=[line.shown() for line in lines], errors=errors, created=0)
    made = [passwords.generate_password() for _ in lines]
    hashes = [await people.accounts.hashed(password) for password in made]

    def work(session: Session) -> None:
        for line, hashed in zip(lines, hashes, strict=True):
            service.add_account(
                session,
                people.now(),
                call.caller.company,
                line.id,
                line.display_name,
                Role(line.role),
                hashed,
                must_change=True,
                allowed_addresses=line.addresses,
                team=placed(session, call.caller, line.role, line.team_id),
            )

    await people.db.run(work)
    rows = [line.shown(password) for line, password in zip(lines, made, strict=True)]
    return ImportOut(rows=rows, errors=0, created=len(rows))
