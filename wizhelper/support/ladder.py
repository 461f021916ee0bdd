"""The steps of a restart within a session, as the operator sees them come (RB-*): kept with their times in the session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from wizhelper.protocol.live import Step
from wizhelper.records import events
from wizhelper.records.model import SupportSession


def last_step(row: SupportSession) -> Step | None:
    """Of the latest restart; None: there was none."""
    steps: list[dict[str, Any]] = row.reboot["steps"] if row.reboot is not None else []
    return Step(steps[-1]["step"]) if steps else None


def under_way(row: SupportSession) -> bool:
    """Whether a missing link is the restart's."""
    return row.resume_hash is not None


def climb(db: Session, now: datetime, row: SupportSession, step: Step, actor: str, **data: Any) -> None:
    """The next step, also an event of the session."""
    assert row.reboot is not None
    # A new object: the column does not notice what changes inside.
    row.reboot = {**row.reboot, "steps": [*row.reboot["steps"], {"step": step, "at": now.isoformat()}]}
    events.append(db, row.id, now, actor, f"reboot_{step}", data)
    db.flush()


def link_lost(db: Session, now: datetime, row: SupportSession, actor: str) -> None:
    """The program's link is gone: on the way down this is the second step."""
    if last_step(row) is Step.GOING_DOWN:
        climb(db, now, row, Step.NO_SIGNAL, actor)


def linked(db: Session, now: datetime, row: SupportSession, actor: str) -> None:
    """The link is there again; a PC that does not wait for a logon shows its desktop."""
    if last_step(row) is Step.NETWORK_UP:
        climb(db, now, row, Step.DESKTOP, actor)


def at_desktop(db: Session, now: datetime, row: SupportSession, actor: str) -> SupportSession:
    """Somebody has logged on."""
    if last_step(row) is Step.LOGON_SCREEN:
        climb(db, now, row, Step.DESKTOP, actor)
    return row
