"""By what sessions are counted and filtered: one SQL expression per name, the same for a figure and the list behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func

from wizhelper.http.errors import ApiError
from wizhelper.records.calendar import DAY_SLOTS, Period
from wizhelper.records.model import SupportSession as S

NONE = "none"
"""The key of sessions that have no value."""
MINUTE = 60
BUCKETS = (("lt5", 5), ("5to10", 10), ("10to20", 20), ("20to30", 30), ("30to60", 60))
LONGEST = "gt60"


@dataclass(frozen=True)
class Dimension:
    """`expression` of None: no calendar is needed. `keys`: the order of a closed set, whose empty places are shown."""

    name: str
    expression: Callable[[Period | None], ColumnElement[Any]]
    number: bool = False
    keys: tuple[str, ...] = ()


def _duration(_period: Period | None) -> ColumnElement[Any]:
    return case(*((S.active_s < minutes * MINUTE, name) for name, minutes in BUCKETS), else_=LONGEST)


def _clock(period: Period | None) -> ColumnElement[int]:
    if period is None:
        raise ApiError("INVALID_FIELDS", fields={"from": "needed with hour and weekday"})
    return period.local_slot()


def day_number(period: Period | None) -> ColumnElement[int]:
    """Days since 1970 on the company's calendar."""
    return _clock(period) // DAY_SLOTS


def _hour(period: Period | None) -> ColumnElement[int]:
    return (_clock(period) % DAY_SLOTS) // 4


def _weekday(period: Period | None) -> ColumnElement[int]:
    """Monday is 0; 1970 began on a Thursday."""
    return (day_number(period) + 3) % 7


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


DIMENSIONS: Mapping[str, Dimension] = {
    found.name: found
    for found in (
        Dimension("operator", lambda _: S.owner_id.expression, number=True),
        Dimension("state", lambda _: S.state.expression),
        Dimension("result", lambda _: S.result.expression),
        Dimension("fault", lambda _: S.fault_type_id.expression, number=True),
        Dimension("duration", _duration, keys=(*(name for name, _ in BUCKETS), LONGEST)),
        Dimension("satisfaction", lambda _: S.satisfaction.expression, number=True, keys=("1", "2", "3", "4", "5")),
        Dimension("kind", lambda _: S.kind.expression),
        Dimension("os", lambda _: S.os.expression),
        Dimension("os_version", lambda _: S.os + " " + func.coalesce(S.os_version, "")),
        Dimension("hour", _hour, number=True, keys=_numbers(24)),
        Dimension("weekday", _weekday, number=True, keys=_numbers(7)),
    )
}


def equals(dimension: Dimension, key: str, period: Period | None) -> ColumnElement[bool]:
    """Raises ApiError("INVALID_FIELDS")."""
    expression = dimension.expression(period)
    if key == NONE:
        return expression.is_(None)
    if not dimension.number:
        return expression == key
    if not (key.isascii() and key.isdigit() and len(key) <= 9):
        raise ApiError("INVALID_FIELDS", fields={dimension.name: "a number"})
    return expression == int(key)


def chosen(query: Mapping[str, str], period: Period | None) -> list[ColumnElement[bool]]:
    """The conditions of all query fields that are dimensions, and of `counted`."""
    found = []
    for name, dimension in DIMENSIONS.items():
        keys = [key for key in query.get(name, "").split(",")[:20] if key]
        if keys:
            conditions = [equals(dimension, key, period) for key in keys]
            found.append(conditions[0] if len(conditions) == 1 else _either(conditions))
    if query.get("counted"):
        found.append(S.counted.is_(True))
    return found


def _either(conditions: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    whole = conditions[0]
    for condition in conditions[1:]:
        whole = whole | condition
    return whole
