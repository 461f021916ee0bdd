"""Statistics agree with a count by hand, with each other and with the records behind them (ADM-STAT-TODAY, ADM-STAT-OP,
ADM-STAT-TIME, ADM-STAT-FAULT, ADM-STAT-OS, ADM-ROLE-OP)."""

from __future__ import annotations

import csv
import io
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from fakes import Browser
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from world import World

from wizhelper.records.model import FaultType, SupportSession, slot_of

BEFORE = datetime(2026, 3, 20, tzinfo=UTC)
#: Around Berlin's change to summer time on 2026-03-29.
PERIOD = {"from": "2026-03-24", "to": "2026-04-05"}
STATES = ("COMPLETED", "ABNORMAL", "ACTIVE", "EXPIRED", "CANCELLED", "REFUSED")
NEVER = ("EXPIRED", "CANCELLED", "REFUSED")
DIMENSIONS = (
    *("operator", "state", "result", "satisfaction", "fault", "duration", "kind", "os", "os_version", "hour", "weekday"),
)
STRETCHES = ("date", "week", "month", "quarter")

#: Without shrinking: each example asks the whole appliance hundreds of times.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
SESSIONS = st.lists(
    st.fixed_dictionaries(
        {
            "owner": st.sampled_from(["kim", "lee"]),
            "state": st.sampled_from(STATES),
            "minutes": st.integers(0, 20 * 24 * 60),
            "active_s": st.sampled_from([0.0, 299.6, 300.0, 601.2, 1799.9, 1800.0, 3600.0, 7200.5]),
            "result": st.sampled_from([None, "resolved", "visit"]),
            "fault": st.sampled_from([None, 0, 1]),
            "score": st.sampled_from([None, None, 1, 3, 5]),
            "os": st.sampled_from([None, ("windows", "11"), ("windows", "10"), ("linux", "Debian 12")]),
        }
    ),
    max_size=25,
)


def _fill(world: World, sessions: list[dict[str, Any]], company: str = "alpha") -> None:
    owners = {name: world.account(name, company) for name in ("kim", "lee")}

    def work(db: Session) -> None:
        db.execute(delete(SupportSession))
        known = select(FaultType).join_from(FaultType, FaultType.__table__.metadata.tables["companies"])
        types = list(db.scalars(known.where(FaultType.__table__.metadata.tables["companies"].c.code == company)))
        for made in sessions:
            at = BEFORE + timedelta(minutes=made["minutes"])
            reached = made["state"] not in NEVER
            db.add(
                SupportSession(
                    id=str(uuid.uuid4()),
                    company_id=types[0].company_id,
                    owner_id=owners[made["owner"]],
                    state=made["state"],
                    created_at=at - timedelta(minutes=7) if reached else at,
                    connected_at=at if reached else None,
                    state_since=at,
                    active_s=made["active_s"] if reached else 0.0,
                    result=made["result"],
                    fault_type_id=None if made["fault"] is None else types[made["fault"]].id,
                    survey_asked=reached and made["score"] is not None,
                    satisfaction=made["score"] if reached else None,
                    os=made["os"] and made["os"][0],
                    os_version=made["os"] and made["os"][1],
                )
            )

    world.db.transact(work)


def _by_hand(
    sessions: list[dict[str, Any]], key: Callable[[dict[str, Any], datetime], str], all_states: bool
) -> Counter[str]:
    """A count without a database: the company's own clock, whole days inclusive."""
    found: Counter[str] = Counter()
    for made in sessions:
        local = (BEFORE + timedelta(minutes=made["minutes"])).astimezone(ZoneInfo("Europe/Berlin"))
        if PERIOD["from"] <= local.date().isoformat() <= PERIOD["to"] and (all_states or made["state"] not in NEVER):
            found[key(made, local)] += 1
    return found


KEYS: dict[str, Callable[[dict[str, Any], datetime], str]] = {
    "state": lambda made, _: made["state"],
    "result": lambda made, _: made["result"] or "none",
    "satisfaction": lambda made, _: str(made["score"] or "none"),
    "os": lambda made, _: made["os"][0] if made["os"] else "none",
    "os_version": lambda made, _: " ".join(made["os"]) if made["os"] else "none",
    "hour": lambda _, at: str(at.hour),
    "weekday": lambda _, at: str(at.weekday()),
    "date": lambda _, at: at.date().isoformat(),
    "week": lambda _, at: f"{at.isocalendar().year}-W{at.isocalendar().week:02}",
    "month": lambda _, at: f"{at.year}-{at.month:02}",
    "quarter": lambda _, at: f"{at.year}-Q{(at.month + 2) // 3}",
    "duration": lambda made, _: _bucket(0.0 if made["state"] in NEVER else made["active_s"]),
}


def _bucket(seconds: float) -> str:
    limits = {"lt5": 300, "5to10": 600, "10to20": 1200, "20to30": 1800, "30to60": 3600}
    return next((name for name, limit in limits.items() if seconds < limit), "gt60")


def _get(browser: Browser, path: str, **query: str) -> Any:
    answer = browser.api("GET", f"{path}?{urlencode(query)}")
    assert answer.status == 200, answer.text
    return answer.json


@pytest.fixture
def berlin(world: World) -> World:
    world.set_company(time_zone="Europe/Berlin")
    return world


@settings(max_examples=12, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sessions=SESSIONS)
def test_every_dimension_counts_as_a_count_by_hand(berlin: World, sessions: list[dict[str, Any]]) -> None:
    _fill(berlin, sessions)
    boss = berlin.logged_in("boss")
    for name, key in KEYS.items():
        found = _get(boss, "/statistics", rows=name, **PERIOD)
        rows = {row["key"]: row["total"] for row in found["rows"] if row["total"]}
        assert rows == dict(_by_hand(sessions, key, name == "state")), name


@settings(max_examples=3, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sessions=SESSIONS)
def test_sums_agree_between_all_tables_and_each_number_with_its_records(
    berlin: World, sessions: list[dict[str, Any]]
) -> None:
    _fill(berlin, sessions)
    boss = berlin.logged_in("boss")
    totals = set()
    for by in (*DIMENSIONS, *STRETCHES):
        for across in ("all", "result", "state"):
            if across == by:
                continue
            found = _get(boss, "/statistics", rows=by, columns=across, **PERIOD)
            assert found["total"] == sum(r["total"] for r in found["rows"]) == sum(c["total"] for c in found["columns"])
            assert all(sum(row["cells"]) == row["total"] for row in found["rows"])
            totals.add(found["counted"])
        for row in found["rows"]:
            for column, number in zip(found["columns"], row["cells"], strict=True):
                behind = {**found["query"], **column["query"], **row["query"]}
                assert _get(boss, "/records", **behind)["total"] == number, (by, row["key"], column["key"])
    assert len(totals) == 1


def _one(**values: Any) -> dict[str, Any]:
    base = {"owner": "kim", "state": "COMPLETED", "minutes": 10 * 1440, "active_s": 60.0}
    return {**base, "result": None, "fault": None, "score": None, "os": None, **values}


def test_an_operator_gets_his_own_figures_only(berlin: World) -> None:
    """ADM-ROLE-OP: also when he asks for another's by number."""
    _fill(berlin, [_one(), _one(owner="lee"), _one(owner="lee")])
    lee = berlin.logged_in("lee")
    assert [row["total"] for row in _get(lee, "/statistics", rows="operator", **PERIOD)["rows"]] == [2]
    asked = {"operator": str(berlin.account("kim")), **PERIOD}
    assert _get(lee, "/statistics", **asked)["total"] == _get(lee, "/records", **asked)["total"] == 0
    assert len(list(csv.reader(io.StringIO(lee.api("GET", "/records/export").text)))) == 3
    figures = lee.api("GET", f"/statistics/export?{urlencode({**PERIOD, 'rows': 'operator'})}").text
    assert "Lee" in figures and "Kim" not in figures


def test_processing_time_has_mean_median_and_ninetieth_percentile(berlin: World) -> None:
    _fill(berlin, [_one(active_s=float(s)) for s in (10, 20, 30, 40, 1000)] + [_one(state="EXPIRED")])
    boss = berlin.logged_in("boss")
    found = _get(boss, "/statistics", rows="duration", **PERIOD)["processing"]
    assert found == {"mean_s": 220.0, "median_s": 30, "p90_s": 1000}
    nothing = {"from": "2020-01-01", "to": "2020-01-02"}
    assert _get(boss, "/statistics", rows="duration", **nothing)["processing"]["mean_s"] is None


def test_each_operator_has_his_own_scores_and_no_answer_is_not_a_zero(berlin: World) -> None:
    _fill(berlin, [_one(score=5), _one(score=2), _one(), _one(owner="lee", score=1), _one(state="EXPIRED")])
    found = _get(berlin.logged_in("boss"), "/statistics", rows="operator", columns="satisfaction", **PERIOD)
    cells = {row["label"]: dict(zip([c["key"] for c in found["columns"]], row["cells"], strict=True)) for row in found["rows"]}
    assert sorted(tuple(sorted((k, n) for k, n in row.items() if n)) for row in cells.values()) == [
        (("1", 1),),
        (("2", 1), ("5", 1), ("none", 1)),
    ]
    assert found["satisfaction"] == {"asked": 3, "answers": 3, "mean": 2.67}


def test_a_session_counts_when_it_became_active_not_when_its_number_was_made() -> None:
    made, active = datetime(2026, 3, 1, 23, 50, tzinfo=UTC), datetime(2026, 3, 2, 0, 5, tzinfo=UTC)
    row = SupportSession(id="x", created_at=made)
    assert (row.slot, row.counted) == (slot_of(made), False)
    row.connected_at = active
    assert (row.slot, row.counted) == (slot_of(active), True)


@pytest.mark.parametrize(
    "query",
    [
        {"rows": "company"},
        {"columns": "id; drop table"},
        {"columns": "date"},
        {"rows": "state", "columns": "state"},
        {"from": "2026-02-30"},
        {"from": "0001-01-01"},
        {"from": "9999-12-31"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"from": "2000-01-01", "to": "2026-01-01"},
        {"operator": "1 or 1=1"},
        {"fault": "99999999999999999999"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(world: World, query: dict[str, str]) -> None:
    answer = world.logged_in("boss").api("GET", f"/statistics?{urlencode(query)}")
    assert (answer.status, answer.code) == (400, "INVALID_FIELDS")
