"""Figures of a period as one table: rows by one dimension, columns by another (ADM-STAT-*).

Counted are sessions that became active, with their final owner; those that never did appear only where the state is a
dimension. Every row and column says the filter of the records behind it, so `/records` lists just what was counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, cast, func, literal, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import Caller, Model
from wizhelper.http.errors import ApiError
from wizhelper.records import dimensions
from wizhelper.records.calendar import DAY, EPOCH, Period, period_of
from wizhelper.records.filters import visible
from wizhelper.records.model import FaultType, SupportSession
from wizhelper.settings.service import company_by_id

ALL = "all"


def _week(day: date) -> tuple[str, date]:
    year, week, weekday = day.isocalendar()
    return f"{year}-W{week:02}", day - timedelta(days=weekday - 1)


def _quarter(day: date) -> tuple[str, date]:
    quarter = (day.month - 1) // 3
    return f"{day.year}-Q{quarter + 1}", date(day.year, 3 * quarter + 1, 1)


#: Name of a stretch of days -> its label and its first day. These are rows only.
STRETCHES: Mapping[str, Callable[[date], tuple[str, date]]] = {
    "date": lambda day: (day.isoformat(), day),
    "week": _week,
    "month": lambda day: (day.isoformat()[:7], day.replace(day=1)),
    "quarter": _quarter,
}


class Line(Model):
    """A row's or a column's head. `label`: what has a name of its own (people, fault types); else the page knows a word."""

    key: str
    label: str | None
    query: dict[str, str]
    total: int


class FigureRow(Line):
    cells: list[int]
    active_s: int
    """Seconds of the counted sessions."""


class Processing(Model):
    """Whole seconds in control, of all sessions counted; None without any. Percentiles by nearest rank."""

    mean_s: float | None
    median_s: int | None
    p90_s: int | None


class Satisfaction(Model):
    """Of the customers who were shown the question; `mean` of the answers, None without any."""

    asked: int
    answers: int
    mean: float | None


class Figures(Model):
    """`total`: sum of all rows, and of all columns. `counted`: those of them that became active."""

    first: date
    last: date
    query: dict[str, str]
    rows: list[FigureRow]
    columns: list[Line]
    total: int
    counted: int
    processing: Processing | None
    satisfaction: Satisfaction


@dataclass(frozen=True)
class _Cell:
    row: str
    column: str
    number: int
    counted: int
    active_s: float
    asked: int
    answers: int
    score: int


#: Of sessions that never became active: they are in the number only.
NOTHING = (0, 0.0, 0, 0, 0)


def figures(db: Session, caller: Caller, query: Mapping[str, str], now: datetime) -> Figures:
    """Query fields: rows, columns (names of dimensions or stretches), from, to, and every filter of records.

    Raises ApiError("INVALID_FIELDS").
    """
    by, across = query.get("rows") or "operator", query.get("columns") or ALL
    if by not in dimensions.DIMENSIONS and by not in STRETCHES:
        raise ApiError("INVALID_FIELDS", fields={"rows": ", ".join([*dimensions.DIMENSIONS, *STRETCHES])})
    if across not in dimensions.DIMENSIONS and across != ALL:
        raise ApiError("INVALID_FIELDS", fields={"columns": ", ".join(dimensions.DIMENSIONS)})
    if by == across:
        raise ApiError("INVALID_FIELDS", fields={"columns": "not the same as rows"})
    period = period_of(query, company_by_id(db, caller.company).time_zone, now)
    where = [*visible(caller), period.contains(), *dimensions.chosen(query, period)]
    if "state" not in (by, across):
        where.append(SupportSession.counted.is_(True))
    cells = _counted(db, by, across, period, where)
    timed = "duration" in (by, across)
    processing = _processing(db, where) if timed else None
    return _table(db, caller, _Question(by, across, period, query), cells, processing)


def _satisfaction(cells: list[_Cell]) -> Satisfaction:
    answers = sum(cell.answers for cell in cells)
    mean = round(sum(cell.score for cell in cells) / answers, 2) if answers else None
    return Satisfaction(asked=sum(cell.asked for cell in cells), answers=answers, mean=mean)


@dataclass(frozen=True)
class _Question:
    by: str
    across: str
    period: Period
    query: Mapping[str, str]


def _counted(db: Session, by: str, across: str, period: Period, where: list[ColumnElement[bool]]) -> list[_Cell]:
    down = dimensions.day_number(period) if by in STRETCHES else dimensions.DIMENSIONS[by].expression(period)
    right: ColumnElement[Any] = literal(ALL) if across == ALL else dimensions.DIMENSIONS[across].expression(period)
    row, column, counted = down.label("r"), right.label("c"), SupportSession.counted.label("n")
    asked = case((SupportSession.survey_asked.is_(True), 1), else_=0)
    score = case((SupportSession.survey_asked.is_(True), SupportSession.satisfaction))
    # All in one pass: over a million sessions each further one costs as much again.
    sums = func.count(), func.sum(SupportSession.active_s), func.sum(asked), func.count(score), func.sum(score)
    query = select(row, column, counted, *sums).where(*where).group_by(row, column, counted)
    return [
        _Cell(_row_key(by, r), _key(c), number, *((number, seconds or 0.0, *more, total or 0) if reached else NOTHING))
        for r, c, reached, number, seconds, *more, total in db.execute(query)
    ]


def _key(value: Any) -> str:
    return dimensions.NONE if value is None else str(value)


def _row_key(by: str, value: Any) -> str:
    return STRETCHES[by](EPOCH + DAY * int(value))[0] if by in STRETCHES else _key(value)


def _table(
    db: Session,
    caller: Caller,
    asked: _Question,
    cells: list[_Cell],
    processing: Processing | None,
) -> Figures:
    numbers: Counter[tuple[str, str]] = Counter()
    seconds: Counter[str] = Counter()
    for cell in cells:
        numbers[(cell.row, cell.column)] += cell.number
        seconds[cell.row] += cell.active_s  # type: ignore[assignment]
    columns = _columns(db, caller, asked.across, numbers)
    heads = (
        _stretches(asked, numbers) if asked.by in STRETCHES else _heads(db, caller, asked.by, [r for r, _ in numbers])
    )
    rows = [
        FigureRow(
            **{**head.model_dump(), "total": sum(numbers[(head.key, c.key)] for c in columns)},
            cells=[numbers[(head.key, c.key)] for c in columns],
            active_s=round(seconds[head.key]),
        )
        for head in heads
    ]
    return Figures(
        first=asked.period.first,
        last=asked.period.last,
        query=_base_query(asked),
        rows=rows,
        columns=columns,
        total=sum(numbers.values()),
        counted=sum(cell.counted for cell in cells),
        processing=processing,
        satisfaction=_satisfaction(cells),
    )


def _base_query(asked: _Question) -> dict[str, str]:
    """The filter of the records behind the whole table."""
    base = {name: asked.query[name] for name in dimensions.DIMENSIONS if asked.query.get(name)}
    if "state" not in (asked.by, asked.across) or asked.query.get("counted"):
        base["counted"] = "1"
    return {**base, "from": asked.period.first.isoformat(), "to": asked.period.last.isoformat()}


def _columns(db: Session, caller: Caller, across: str, numbers: Mapping[tuple[str, str], int]) -> list[Line]:
    totals: Counter[str] = Counter()
    for (_, column), number in numbers.items():
        totals[column] += number
    if across == ALL:
        return [Line(key=ALL, label=None, query={}, total=totals[ALL])]
    return [
        Line(key=head.key, label=head.label, query=head.query, total=totals[head.key])
        for head in _heads(db, caller, across, list(totals))
    ]


def _heads(db: Session, caller: Caller, name: str, keys: list[str]) -> list[Line]:
    """A closed set in its order, others by label; what has no value comes last."""
    labels = _labels(db, caller, name)
    dimension = dimensions.DIMENSIONS[name]
    others = set(keys).difference(dimension.keys)
    rest = sorted(others, key=lambda key: (key == dimensions.NONE, labels.get(key, key), key))
    found = [*dimension.keys, *rest]
    return [Line(key=key, label=labels.get(key), query={name: key}, total=0) for key in found]


def _labels(db: Session, caller: Caller, name: str) -> dict[str, str]:
    if name == "operator":
        people = select(Account.id, Account.display_name).where(Account.company_id == caller.company)
        return {str(number): label for number, label in db.execute(people)}
    if name == "fault":
        types = select(FaultType.id, FaultType.name).where(FaultType.company_id == caller.company)
        return {str(number): label for number, label in db.execute(types)}
    return {}


def _stretches(asked: _Question, numbers: Mapping[tuple[str, str], int]) -> list[Line]:
    """Every stretch of the period, also the empty ones; the first and the last are cut to the period."""
    found: dict[str, tuple[date, date]] = {}
    day = asked.period.first
    while day <= asked.period.last:
        label = STRETCHES[asked.by](day)[0]
        found[label] = (found[label][0] if label in found else day, day)
        day += DAY
    return [
        Line(key=key, label=key, query={"from": first.isoformat(), "to": last.isoformat()}, total=0)
        for key, (first, last) in found.items()
    ]


def _processing(db: Session, where: list[ColumnElement[bool]]) -> Processing:
    seconds = cast(func.round(SupportSession.active_s), Integer).label("s")
    query = select(seconds, func.count()).where(*where, SupportSession.counted.is_(True)).group_by(seconds)
    histogram = sorted((int(s), int(n)) for s, n in db.execute(query))
    total = sum(number for _, number in histogram)
    if not total:
        return Processing(mean_s=None, median_s=None, p90_s=None)
    mean = sum(s * n for s, n in histogram) / total
    return Processing(mean_s=mean, median_s=_percentile(histogram, total, 50), p90_s=_percentile(histogram, total, 90))


def _percentile(histogram: list[tuple[int, int]], total: int, percent: int) -> int:
    rank = max(1, -(-total * percent // 100))
    for value, number in histogram:
        rank -= number
        if rank <= 0:
            return value
    raise AssertionError("the rank lies within the total")
