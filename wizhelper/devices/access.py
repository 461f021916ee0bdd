"""Rules of access by level: the device's own, else its groups', else the company's; each level says all or nothing."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from wizhelper.devices import rules
from wizhelper.devices.model import Device, DeviceGroup, DeviceSettings
from wizhelper.http.api import Model
from wizhelper.protocol.device_access import DAY_MINUTES, DAYS, MAX_WINDOWS, AccessRules, Action, TimeWindow
from wizhelper.settings.service import company_by_id

ActionName = Literal["command", "wake"]


class WindowBody(Model):
    """`day`: 0 is Monday; minutes of the day, the end outside."""

    day: int = Field(ge=0, lt=DAYS)
    start: int = Field(ge=0, lt=DAY_MINUTES)
    end: int = Field(gt=0, le=DAY_MINUTES, examples=[DAY_MINUTES])

    @model_validator(mode="after")
    def _in_order(self) -> WindowBody:
        if self.start >= self.end:
            raise ValueError("the start comes before the end")
        return self


class AccessBody(Model):
    """`two_person` asks for a reason, too. `windows` empty: at any time."""

    reason: bool = False
    two_person: bool = False
    windows: list[WindowBody] = Field(default=[], max_length=MAX_WINDOWS)
    actions: list[ActionName] = Field(default=["wake"], max_length=len(Action))


class AccessChange(Model):
    """`access` None: as the level above."""

    access: AccessBody | None


def body_of(stored: dict[str, Any] | None) -> AccessBody | None:
    return None if stored is None else AccessBody.model_validate(stored)


def effective(db: Session, device: Device) -> AccessBody:
    """What holds for the device."""
    group = db.get(DeviceGroup, device.group_id) if device.group_id is not None else None
    settings = rules.settings_of(db, device.company_id)
    levels: list[Device | DeviceGroup | DeviceSettings] = [device, *rules.ancestors(db, group), settings]
    for level in levels:
        if level.access is not None:
            return AccessBody.model_validate(level.access)
    return AccessBody()


def rules_of(db: Session, device: Device) -> AccessRules:
    found, zone = effective(db, device), company_by_id(db, device.company_id).time_zone
    windows = tuple(TimeWindow(w.day, w.start, w.end) for w in found.windows)
    return AccessRules(found.reason, found.two_person, zone, windows, tuple(found.actions))
