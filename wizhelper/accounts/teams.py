"""Rules of operator groups: plain functions of a Session."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.accounts.bodies import TeamOut
from wizhelper.accounts.model import Account, Team
from wizhelper.http.api import Caller, Role
from wizhelper.http.errors import ApiError


def listed(session: Session, caller: Caller) -> list[TeamOut]:
    """Groups by name with their number of accounts; a group administrator sees the own one."""
    query = (
        select(Team, func.count(Account.id))
        .outerjoin(Account, Account.team_id == Team.id)
        .where(Team.company_id == caller.company)
        .group_by(Team.id)
        .order_by(Team.name)
    )
    if caller.role is Role.GROUP_ADMIN:
        query = query.where(Team.id == (caller.team or 0))
    return [TeamOut(id=team.id, name=team.name, members=count) for team, count in session.execute(query)]


def of_company(session: Session, company: int, number: int) -> Team:
    """Raises ApiError("NOT_FOUND"), also for another company's."""
    team = session.get(Team, number)
    if team is None or team.company_id != company:
        raise ApiError("NOT_FOUND")
    return team


def add(session: Session, now: datetime, company: int, name: str) -> Team:
    """Raises ApiError("NAME_TAKEN"), ApiError("INVALID_FIELDS")."""
    team = Team(company_id=company, name=_free_name(session, company, name), created_at=now)
    session.add(team)
    session.flush()
    return team


def rename(session: Session, team: Team, name: str) -> None:
    if name.strip() != team.name:
        team.name = _free_name(session, team.company_id, name)


def remove(session: Session, team: Team) -> None:
    """Raises ApiError("TEAM_NOT_EMPTY")."""
    if members(session, team.id):
        raise ApiError("TEAM_NOT_EMPTY")
    session.delete(team)


def members(session: Session, team: int) -> int:
    return session.scalar(select(func.count()).select_from(Account).where(Account.team_id == team)) or 0


def _free_name(session: Session, company: int, name: str) -> str:
    name = name.strip()
    if not name:
        raise ApiError("INVALID_FIELDS", fields={"name": "must not be empty"})
    if session.scalar(select(Team.id).where(Team.company_id == company, Team.name == name)) is not None:
        raise ApiError("NAME_TAKEN")
    return name
