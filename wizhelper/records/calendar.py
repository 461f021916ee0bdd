"""A period of whole days of a company's time zone, and its clock as SQL: slots of a quarter of an hour (model.SLOT_S)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case

from wizhelper.http.errors import ApiError
from wizhelper.records.model import SLOT_S, SupportSession, slot_of

DAY = timedelta(days=1)
DAY_SLOTS = 96
MAX_DAYS = 3660
EPOCH = date(1970, 1, 1)
LAST_YEAR = 2100


@dataclass(frozen=True)
class Period:
    """`first` and `last` inclusive, in `zone`."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def slots(self) -> tuple[int, int]:
        """From (inclusive) and to (exclusive)."""
        return slot_of(_midnight(self.first, self.zone)), slot_of(_midnight(self.last + DAY, self.zone))

    def contains(self) -> ColumnElement[bool]:
        start, end = self.slots
        return (SupportSession.slot >= start) & (SupportSession.slot < end)

    def local_slot(self) -> ColumnElement[int]:
        """Slots since 1970 on the company's own clock; -> // DAY_SLOTS is the day."""
        pieces = self._offsets()
        column = SupportSession.slot
        if len(pieces) == 1:
            return column + pieces[0][1]
        return case(*((column < end, column + offset) for end, offset in pieces[:-1]), else_=column + pieces[-1][1])

    def _offsets(self) -> list[tuple[int, int]]:
        """(end slot, offset in slots) of each stretch between two changes of the clock."""
        found: list[tuple[int, int]] = []
        at, (_, end) = self.first, self.slots
        offset = self._offset(self.slots[0])
        while at <= self.last:
            following = slot_of(_midnight(at + DAY, self.zone))
            if self._offset(following) != offset:
                start = slot_of(_midnight(at, self.zone))
                change = next(s for s in range(start, following + 1) if self._offset(s) != offset)
                found.append((change, offset))
                offset = self._offset(change)
            at += DAY
        return [*found, (end, offset)]

    def _offset(self, slot: int) -> int:
        moment = datetime.fromtimestamp(slot * SLOT_S, self.zone)
        offset = moment.utcoffset()
        assert offset is not None
        return int(offset.total_seconds()) // SLOT_S


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def read_day(text: str, name: str) -> date:
    """Raises ApiError("INVALID_FIELDS")."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ApiError("INVALID_FIELDS", fields={name: "YYYY-MM-DD"}) from None
    if not EPOCH.year < found.year < LAST_YEAR:
        raise ApiError("INVALID_FIELDS", fields={name: "a year of this century"})
    return found


def period_of(query: Mapping[str, str], zone_name: str, now: datetime) -> Period:
    """Query fields `from` and `to`, days of the company; without them, today. Raises ApiError("INVALID_FIELDS")."""
    zone = ZoneInfo(zone_name)
    today = now.astimezone(zone).date()
    first = read_day(query["from"], "from") if query.get("from") else None
    last = read_day(query["to"], "to") if query.get("to") else None
    period = Period(first or last or today, last or max(first or today, today), zone)
    if not 0 <= (period.last - period.first).days < MAX_DAYS:
        raise ApiError("INVALID_FIELDS", fields={"to": f"not before `from`, at most {MAX_DAYS} days"})
    return period
