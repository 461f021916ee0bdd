"""RB-RECON RC-REBOOT: a restart within a session, by the rules: the ladder, the one way back, and its time limit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from desk import ADDRESS, HOST, Desk
from fakes import ManualTime
from sqlalchemy.orm import Session

from wizhelper.http.errors import ApiError
from wizhelper.protocol import live
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.records import events
from wizhelper.records.model import SupportSession
from wizhelper.store.database import Database
from wizhelper.support import joining, ladder, rebooting, rules
from wizhelper.support.joining import hash_secret

SECRET = "one-shot"
NOW = live.Rebooting(hash_secret(SECRET), False, False)


@pytest.fixture
def desk(any_db: Database, time_: ManualTime) -> Desk:
    return Desk(any_db, time_)


@pytest.fixture
def session(desk: Desk) -> str:
    session_id = desk.connecting()
    desk.link(session_id)
    return session_id


def row(desk: Desk, session_id: str) -> dict[str, Any]:
    names = ("state", "suspended_reason", "end_reason", "resume_hash", "due_at")
    return desk.do(lambda db: {name: getattr(db.get_one(SupportSession, session_id), name) for name in names})


def steps(desk: Desk, session_id: str) -> list[str]:
    def work(db: Session) -> list[str]:
        assert events.chain_ok(events.of_session(db, session_id))
        kept = db.get_one(SupportSession, session_id).reboot
        return [step["step"] for step in kept["steps"]] if kept else []

    return desk.do(work)


def back(desk: Desk, session_id: str, secret: str = SECRET, at_desktop: bool = True) -> str:
    """-> the secret of the new live link."""
    resume = rebooting.resume
    found = desk.do(lambda db: resume(db, desk.time.now(), session_id, secret, at_desktop, ADDRESS, HOST))
    return found.secret


def test_the_ladder_is_climbed_with_times_and_the_same_session_goes_on(desk: Desk, session: str) -> None:
    desk.on(session, rebooting.begin, NOW)
    assert row(desk, session)["state"] == "ACTIVE"
    desk.lose(session)
    assert (row(desk, session)["state"], row(desk, session)["suspended_reason"]) == ("SUSPENDED", "reboot")
    desk.time.advance(90)
    secret = back(desk, session)
    desk.do(lambda db: joining.by_secret(db, session, secret))
    desk.link(session)
    assert row(desk, session)["state"] == "ACTIVE"
    assert steps(desk, session) == ["going_down", "no_signal", "network_up", "desktop"]


def test_a_pc_that_waits_for_a_logon_says_so_first(desk: Desk, session: str) -> None:
    desk.on(session, rebooting.begin, NOW)
    desk.lose(session)
    back(desk, session, at_desktop=False)
    desk.link(session)
    assert steps(desk, session)[-1] == "logon_screen"
    desk.on(session, ladder.at_desktop, rules.CUSTOMER)
    desk.on(session, ladder.at_desktop, rules.CUSTOMER)
    assert steps(desk, session)[-2:] == ["logon_screen", "desktop"]


def test_the_secret_is_good_once_and_only_the_right_one_for_the_right_session(desk: Desk, session: str) -> None:
    other = desk.connecting()
    desk.link(other)
    desk.on(session, rebooting.begin, NOW)
    for wrong_session, wrong in ((session, "guess"), (session, ""), (other, SECRET), ("no uuid", SECRET)):
        with pytest.raises(ApiError, match="NOT_FOUND"):
            back(desk, wrong_session, wrong)
    back(desk, session)
    with pytest.raises(ApiError, match="NOT_FOUND"):
        back(desk, session)


def test_the_old_link_secret_is_worth_nothing_after_the_restart(desk: Desk) -> None:
    session_id = desk.wait()
    old = desk.join(session_id)
    desk.consent(session_id)
    desk.link(session_id)
    desk.on(session_id, rebooting.begin, NOW)
    back(desk, session_id)
    with pytest.raises(ApiError, match="NOT_FOUND"):
        desk.do(lambda db: joining.by_secret(db, session_id, old))


def test_after_fifteen_minutes_there_is_no_way_back_and_the_session_is_over(desk: Desk, session: str) -> None:
    desk.on(session, rebooting.begin, NOW)
    desk.lose(session)
    desk.time.advance(live.RESUME_S)
    with pytest.raises(ApiError, match="NOT_FOUND"):
        back(desk, session)
    desk.do(lambda db: rules.strike_limits(db, desk.time.now() + timedelta(seconds=1), []))
    assert (row(desk, session)["state"], row(desk, session)["end_reason"]) == ("ABNORMAL", "network_lost")
    assert row(desk, session)["resume_hash"] is None


def test_a_restart_that_is_called_off_leaves_nothing(desk: Desk, session: str) -> None:
    desk.on(session, rebooting.begin, NOW)
    desk.on(session, rebooting.call_off)
    assert steps(desk, session) == [] and row(desk, session)["resume_hash"] is None
    with pytest.raises(ApiError, match="NOT_FOUND"):
        back(desk, session)
    desk.lose(session)
    assert row(desk, session)["suspended_reason"] == "network"


def test_a_server_that_restarts_meanwhile_still_waits_for_the_pc(desk: Desk, session: str) -> None:
    desk.on(session, rebooting.begin, NOW)
    desk.lose(session)
    desk.do(lambda db: rules.server_started(db, desk.time.now()))
    desk.time.advance(live.RESUME_S - 1)
    back(desk, session)
    desk.link(session)
    assert row(desk, session)["state"] == "ACTIVE"


def test_only_a_live_session_can_restart_its_pc(desk: Desk) -> None:
    with pytest.raises(ApiError, match="SESSION_STATE"):
        desk.on(desk.connecting(), rebooting.begin, NOW)


@pytest.mark.parametrize("bad", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64])
def test_a_hash_that_is_none_is_refused_on_the_wire(bad: str) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_LIVE"):
        live.decode_from_agent(live.encode(live.Rebooting(bad, False, False)))
