"""Which operators reach which devices: a restricted group is for the operator groups that it names, and so is what is below
it until a group further down is restricted itself. Administrators and auditors of the company see everything."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.accounts.teams import of_company
from wizhelper.devices import rules
from wizhelper.devices.model import Device, DeviceGroup, DeviceGroupTeam, Status
from wizhelper.http.api import Caller, Role
from wizhelper.http.errors import ApiError

EVERYWHERE = frozenset({Role.ADMIN, Role.AUDITOR})


def teams_of(db: Session, company: int) -> dict[int, list[int]]:
    """Group -> the operator groups that it names itself."""
    found: dict[int, list[int]] = {}
    query = (
        select(DeviceGroupTeam.group_id, DeviceGroupTeam.team_id)
        .join(DeviceGroup, DeviceGroup.id == DeviceGroupTeam.group_id)
        .where(DeviceGroup.company_id == company)
        .order_by(DeviceGroupTeam.team_id)
    )
    for group, team in db.execute(query):
        found.setdefault(group, []).append(team)
    return found


def closed(db: Session, caller: Caller) -> frozenset[int]:
    """The groups that the caller does not reach."""
    if caller.role in EVERYWHERE:
        return frozenset()
    groups = {group.id: group for group in rules.groups_of(db, caller.company)}
    teams = teams_of(db, caller.company)
    return frozenset(group for group in groups if not _open(group, groups, teams, caller.team))


def _open(group: int | None, groups: dict[int, DeviceGroup], teams: dict[int, list[int]], team: int | None) -> bool:
    """The nearest restricted group upwards decides."""
    for _ in range(rules.MAX_DEPTH + 1):
        row = groups.get(group) if group is not None else None
        if row is None:
            return True
        if row.restricted:
            return team in teams.get(row.id, [])
        group = row.parent_id
    return False


def condition(db: Session, caller: Caller) -> ColumnElement[bool]:
    """For queries of Device."""
    shut = closed(db, caller)
    return or_(Device.group_id.is_(None), Device.group_id.not_in(shut)) if shut else true()


def device_for(db: Session, caller: Caller, device_id: str, *statuses: Status) -> Device:
    """Raises ApiError("NOT_FOUND"), also for a device that the caller does not reach."""
    row = rules.device_of(db, caller.company, device_id, *statuses)
    if row.group_id is not None and row.group_id in closed(db, caller):
        raise ApiError("NOT_FOUND")
    return row


def reaches(db: Session, account: Account, device_id: str) -> bool:
    """Whether an operator may see this device at all, be it in a session of somebody else."""
    row = db.get_one(Device, device_id)
    groups = {group.id: group for group in rules.groups_of(db, account.company_id)}
    return _open(row.group_id, groups, teams_of(db, account.company_id), account.team_id)


def set_teams(db: Session, group: DeviceGroup, restricted: bool, teams: Iterable[int]) -> None:
    """Raises ApiError("NOT_FOUND") for an operator group of another company."""
    wanted = {of_company(db, group.company_id, team).id for team in teams}
    group.restricted = restricted
    for row in db.scalars(select(DeviceGroupTeam).where(DeviceGroupTeam.group_id == group.id)):
        db.delete(row)
    db.flush()
    db.add_all(DeviceGroupTeam(group_id=group.id, team_id=team) for team in sorted(wanted))
    db.flush()


def move(db: Session, company: int, devices: Iterable[str], group: int | None) -> list[Device]:
    """-> the devices that were elsewhere before; their own rules stay. Raises ApiError("NOT_FOUND")."""
    target = rules.group_of(db, company, group).id if group is not None else None
    rows = [rules.device_of(db, company, each, Status.ACTIVE, Status.PENDING) for each in dict.fromkeys(devices)]
    moved = [row for row in rows if row.group_id != target]
    for row in moved:
        row.group_id = target
    return moved
