"""Five-second averages stay with the session: kept, bounded, and shown to those who may see the session."""

from __future__ import annotations

import pytest
from desk import Desk
from fakes import ManualTime
from sqlalchemy.orm import Session

from tests.world import World
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.live import Quality, Sample
from wizhelper.records import quality
from wizhelper.records.model import SupportSession
from wizhelper.store.database import Database

FINE = Sample(10.0, 20.5, None, 30.0, 900.0)


@pytest.fixture
def desk(any_db: Database, time_: ManualTime) -> Desk:
    return Desk(any_db, time_)


def tell(desk: Desk, session_id: str, *samples: Sample) -> None:
    desk.do(lambda db: quality.append(db, session_id, desk.time.now(), Quality(samples)))


def kept(desk: Desk, session_id: str) -> list[quality.SampleOut]:
    return desk.do(lambda db: quality.of_session(db, session_id)).items


def test_samples_are_kept_in_the_order_of_time(desk: Desk) -> None:
    session_id = desk.active()
    tell(desk, session_id, Sample(5.0, None, 1.0, 0.5, 3.0), FINE)
    first, second = kept(desk, session_id)
    assert (first.latency_ms, first.rtt_ms, first.fps, first.kbit_s) == (20.5, None, 30.0, 900.0)
    assert (second.at - first.at).total_seconds() == 5
    assert (desk.time.now() - second.at).total_seconds() == 5


@pytest.mark.parametrize(
    "sample",
    [
        Sample(-1.0, None, None, 1.0, 1.0),
        Sample(90_000.0, None, None, 1.0, 1.0),
        Sample(1.0, -5.0, None, 1.0, 1.0),
        Sample(1.0, None, None, 1e12, 1.0),
    ],
)
def test_figures_that_cannot_be_are_refused(desk: Desk, sample: Sample) -> None:
    session_id = desk.active()
    with pytest.raises(RemoteProtocolError, match="sample"):
        tell(desk, session_id, FINE, sample)
    assert kept(desk, session_id) == []


def test_there_is_a_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "MAX_SAMPLES", 3)
    session_id = desk.active()
    tell(desk, session_id, FINE, FINE)
    tell(desk, session_id, FINE, FINE)
    assert len(kept(desk, session_id)) == 3


def test_only_those_see_it_who_see_the_session(world: World) -> None:
    session_id = world.logged_in("kim").api("POST", "/sessions").json["id"]

    def work(db: Session) -> None:
        assert db.get(SupportSession, session_id) is not None
        quality.append(db, session_id, world.time.now(), Quality((FINE,)))

    world.db.transact(work)
    path = f"/records/{session_id}/quality"
    for login in ("kim", "boss", "audit"):
        assert [item["fps"] for item in world.logged_in(login).api("GET", path).json["items"]] == [30.0]
    assert world.logged_in("lee").api("GET", path).status == 404
    assert world.logged_in("kim", "beta").api("GET", path).status == 404
