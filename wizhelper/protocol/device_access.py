"""Rules of access of a registered device beside the question at the PC: a reason, a second person, hours, actions.

The appliance and the device judge by the same function; the device by its own signed copy and its own clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from wizhelper.protocol.errors import RemoteProtocolError

DAYS = 7
DAY_MINUTES = 24 * 60
MAX_WINDOWS = 28
MAX_REASON = 500
MAX_COMMAND = 2000
SHELLS = ("sh", "cmd", "powershell")


class Action(StrEnum):
    """What may be done to many devices without a session."""

    COMMAND = "command"
    WAKE = "wake"


class Refusal(StrEnum):
    CLOSED = "DEVICE_CLOSED_NOW"
    REASON = "VISIT_REASON_NEEDED"
    SECOND = "SECOND_PERSON_NEEDED"


@dataclass(frozen=True)
class TimeWindow:
    """`day`: 0 is Monday. `start`, `end`: minutes of that day; the end is outside. A night is two windows."""

    day: int
    start: int
    end: int


@dataclass(frozen=True)
class AccessRules:
    """`windows` empty: at any time. `zone`: the company's, by its IANA name. `actions`: of Action."""

    reason: bool = False
    two_person: bool = False
    zone: str = "UTC"
    windows: tuple[TimeWindow, ...] = ()
    actions: tuple[str, ...] = (Action.WAKE.value,)


def check_rules(rules: AccessRules, code: str) -> None:
    """Raises RemoteProtocolError(code) for values that mean nothing."""
    windows = all(0 <= w.day < DAYS and 0 <= w.start < w.end <= DAY_MINUTES for w in rules.windows)
    if not windows or len(rules.windows) > MAX_WINDOWS or not set(rules.actions) <= set(Action):
        raise RemoteProtocolError(code, "values of access")
    try:
        ZoneInfo(rules.zone)
    except (OSError, ValueError, KeyError) as problem:  # a zone that is unknown is a KeyError
        raise RemoteProtocolError(code, "time zone") from problem


def open_at(rules: AccessRules, now: datetime) -> bool:
    """`now`: aware."""
    if not rules.windows:
        return True
    local = now.astimezone(ZoneInfo(rules.zone))
    minute = 60 * local.hour + local.minute
    return any(w.day == local.weekday() and w.start <= minute < w.end for w in rules.windows)


def refusal(rules: AccessRules, now: datetime, reason: str, approver: str) -> Refusal | None:
    """Why nobody gets in now. `approver`: the second person, "" for none."""
    if not open_at(rules, now):
        return Refusal.CLOSED
    if rules.two_person and not approver:
        return Refusal.SECOND
    if (rules.reason or rules.two_person) and not reason.strip():
        return Refusal.REASON
    return None
