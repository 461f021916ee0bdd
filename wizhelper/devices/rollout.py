"""Which devices are offered a release by themselves: one in twenty on the first day, all of them after it, and nobody any
more once a device of the company had to go back to the version before. Plain functions of a Session and the time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.devices import rules
from wizhelper.devices.model import AgentRelease, Device, DeviceEventKind, DeviceSettings, Status, UpdateMode
from wizhelper.http.errors import ApiError
from wizhelper.protocol import device as wire
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.update import version_of

FIRST_PERCENT = 5
FIRST_STAGE = timedelta(days=1)
#: A device that did not take a release is asked again after so long.
RETRY = timedelta(hours=6)
#: Programs are large, and the sessions on this appliance come first.
AT_ONCE = 10
FETCHING = timedelta(minutes=10)
ROLLED_BACK = "UPDATE_ROLLED_BACK"


class Stage(StrEnum):
    BY_HAND = "by_hand"
    FIRST = "first"
    ALL = "all"
    HALTED = "halted"


@dataclass(frozen=True)
class Progress:
    """Of one company. `current`: devices that run the release, or a newer version; `behind`: the others; `failed`: those of
    them that went back."""

    stage: Stage
    since: datetime
    current: int
    behind: int
    failed: int


def first_seen(db: Session, now: datetime, version: str) -> datetime:
    """When this appliance had the release first."""
    row = db.get(AgentRelease, version)
    if row is None:
        row = AgentRelease(version=version, first_seen_at=now)
        db.add(row)
        db.flush()
    return row.first_seen_at


def mode_of(db: Session, company: int) -> UpdateMode:
    row = db.get(DeviceSettings, company)
    return UpdateMode(row.updates) if row is not None else UpdateMode.AUTO


def set_mode(db: Session, company: int, mode: UpdateMode) -> None:
    row = db.get(DeviceSettings, company) or DeviceSettings(company_id=company)
    row.updates = mode
    db.add(row)


def is_behind(running: str, version: str) -> bool:
    """A version that says nothing counts as behind."""
    try:
        return version_of(running) < version_of(version)
    except RemoteProtocolError:
        return True


def stage_of(db: Session, now: datetime, company: int, version: str, since: datetime) -> Stage:
    if mode_of(db, company) is UpdateMode.BY_HAND:
        return Stage.BY_HAND
    if _went_back(db, company, version):
        return Stage.HALTED
    return Stage.FIRST if now < since + FIRST_STAGE else Stage.ALL


def _went_back(db: Session, company: int, version: str) -> int:
    query = select(func.count()).select_from(Device)
    mine = (Device.company_id == company, Device.status == Status.ACTIVE)
    return db.scalar(query.where(*mine, Device.update_version == version, Device.update_code == ROLLED_BACK)) or 0


def is_among_first(device: str, version: str) -> bool:
    """Others for each version, so that the same PCs are not always the first."""
    number = int.from_bytes(hashlib.sha256(f"{version} {device}".encode()).digest()[:4], "big")
    return number % 100 < FIRST_PERCENT


def due(db: Session, now: datetime, version: str, online: Iterable[str]) -> list[str]:
    """The devices that are offered the release now, marked as such; at most AT_ONCE fetch it at a time."""
    since = first_seen(db, now, version)
    room = AT_ONCE - _fetching(db, now, version)
    if room <= 0:
        return []
    linked, stages, found = frozenset(online), dict[int, Stage](), list[str]()
    for row in db.scalars(_waiting(now).order_by(Device.id)):
        if row.id not in linked or not is_behind(row.agent_version, version):
            continue
        if row.company_id not in stages:
            stages[row.company_id] = stage_of(db, now, row.company_id, version, since)
        stage = stages[row.company_id]
        if stage is Stage.ALL or (stage is Stage.FIRST and is_among_first(row.id, version)):
            offered(row, now, version)
            found.append(row.id)
            if len(found) == room:
                break
    return found


def offered(row: Device, now: datetime, version: str) -> None:
    row.update_version, row.update_code, row.update_at = version, "", now


def _waiting(now: datetime) -> Select[Device]:
    fresh = or_(Device.update_at.is_(None), Device.update_at <= now - RETRY)
    return select(Device).where(Device.status == Status.ACTIVE, Device.cloned_at.is_(None), fresh)


def _fetching(db: Session, now: datetime, version: str) -> int:
    query = select(Device.agent_version).where(
        Device.update_version == version, Device.update_code == "", Device.update_at > now - FETCHING
    )
    return sum(is_behind(running, version) for running in db.scalars(query))


def told(db: Session, now: datetime, row: Device, message: wire.Updated) -> None:
    """What a device says of a release; said again at each link after it went back, and noted once."""
    code = message.code[:32]
    if code == ROLLED_BACK:
        version = message.version[:32]
        if (row.update_version, row.update_code) == (version, code):
            return
        row.update_version, row.update_code, row.update_at = version, code, now
        rules.note(db, now, row, DeviceEventKind.UPDATE_FAILED, rules.DEVICE, version=version)
    elif code:
        row.update_code = code


def progress(db: Session, now: datetime, company: int, version: str) -> Progress:
    since = first_seen(db, now, version)
    mine = (Device.company_id == company, Device.status == Status.ACTIVE)
    counts = db.execute(select(Device.agent_version, func.count()).where(*mine).group_by(Device.agent_version)).all()
    behind = sum(number for running, number in counts if is_behind(running, version))
    return Progress(
        stage=stage_of(db, now, company, version, since),
        since=since,
        current=sum(number for _, number in counts) - behind,
        behind=behind,
        failed=_went_back(db, company, version),
    )


def check_available(version: str | None) -> str:
    """Raises ApiError("NO_AGENT_RELEASE")."""
    if version is None:
        raise ApiError("NO_AGENT_RELEASE")
    return version
