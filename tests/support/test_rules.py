"""Rules of support sessions, on SQLite and on PostgreSQL: numbers, joining, links, ends, time."""

from __future__ import annotations

import itertools
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from desk import ADDRESS, HOST, VIEWER, Desk
from fakes import ManualTime
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.errors import ApiError
from wizhelper.records import events
from wizhelper.records.model import ConsentRecord, FaultType, LiveNumber, SessionEvent, SupportSession
from wizhelper.settings.service import add_consent_text
from wizhelper.store.database import Database
from wizhelper.support import joining, rules
from wizhelper.support.rules import Correction
from wizhelper.support.states import EndReason


@pytest.fixture
def desk(any_db: Database, time_: ManualTime) -> Desk:
    return Desk(any_db, time_)


def _refused(code: str) -> pytest.RaisesExc[ApiError]:
    return pytest.raises(ApiError, match=f"^{code}$")


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [4, 5, 6, 7, 8, 9])
def test_a_new_number_has_as_many_digits_as_the_company_asks_for_and_no_leading_zero(
    db: Database, time_: ManualTime, digits: int
) -> None:
    """OP-WAIT-NEW, OP-WAIT-LEN."""
    desk = Desk(db, time_)
    desk.set(number_digits=digits)
    number = desk.number(desk.wait())
    assert len(number) == digits and number.isdecimal() and number[0] != "0"
    assert desk.found(number) is not None


def test_under_attack_numbers_have_nine_digits_whatever_the_company_asks_for(desk: Desk) -> None:
    desk.set(number_digits=4)
    row = desk.do(lambda db: rules.create_waiting(db, desk.time.now(), desk.account, under_attack=True))
    assert len(row.number or "") == 9


def test_the_seventh_open_session_is_refused(desk: Desk) -> None:
    """OP-WAIT-MAX6: sessions in control count as well, whatever their state."""
    desk.active()
    desk.connecting()
    desk.join(desk.wait())
    for _ in range(3):
        desk.wait()
    with _refused("SESSION_LIMIT") as caught:
        desk.wait()
    assert caught.value.details == {"limit": 6}
    assert len(desk.rows()) == 6


def test_a_session_that_is_being_wrapped_up_takes_no_place(desk: Desk) -> None:
    """OP-WAIT-MAX6."""
    first = desk.active()
    for _ in range(5):
        desk.wait()
    desk.end(first)
    desk.wait()
    with _refused("SESSION_LIMIT"):
        desk.wait()


def test_a_number_that_nobody_used_expires_after_the_idle_time_of_the_company(desk: Desk) -> None:
    """OP-WAIT-EXP."""
    desk.set(waiting_idle_s=600)
    session = desk.wait()
    number = desk.number(session)
    desk.time.advance(599)
    assert desk.strike() == []
    desk.time.advance(1)
    assert desk.strike() == [session]
    assert (desk.state(session), desk.row(session).end_reason) == ("EXPIRED", "number_expired")
    assert desk.found(number) is None


def test_no_number_is_given_twice_and_a_used_one_rests_ten_minutes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.set(number_digits=4)
    first = _draws(monkeypatch, [0], desk)
    assert desk.number(first) == "1000"
    desk.on(first, rules.cancel, rules.operator(desk.account), EndReason.OPERATOR_CANCELLED)
    desk.time.advance(599)
    _draws(monkeypatch, [0, 0, 5], desk)
    assert {desk.number(r.id) for r in desk.rows()} == {"1000", "1005"}
    desk.time.advance(1)
    _draws(monkeypatch, [0], desk)
    waiting = [r for r in desk.rows() if r.state == "WAITING" and r.number == "1000"]
    assert len(waiting) == 1 and desk.found("1000") == waiting[0].id


def _draws(monkeypatch: pytest.MonkeyPatch, values: list[int], desk: Desk) -> str:
    supply = iter(values)
    monkeypatch.setattr(secrets, "randbelow", lambda _size: next(supply))
    return desk.wait()


def test_when_all_short_numbers_seem_taken_a_longer_one_is_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.set(number_digits=4)
    monkeypatch.setattr(secrets, "randbelow", lambda _size: 0)
    desk.wait()
    assert desk.number(desk.wait()) == "10000"


def test_two_operators_who_draw_the_same_number_at_once_get_different_ones(
    any_db: Database, time_: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight threads, one possible first draw."""
    desks = [Desk(any_db, time_, who, company) for who in ("kim", "lee") for company in ("alpha", "beta")] * 2
    draws: dict[int, int] = {}

    def draw(_size: int) -> int:
        me = threading.get_ident()
        draws[me] = draws.get(me, -1) + 1
        return draws[me]

    monkeypatch.setattr(secrets, "randbelow", draw)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda desk: desk.wait(), desks))
    numbers = [desks[0].number(i) for i in ids]
    assert len(set(numbers)) == 8
    assert len(any_db.look(lambda s: list(s.scalars(select(LiveNumber))))) == 8


def test_eight_requests_at_once_open_no_more_than_six(any_db: Database, time_: ManualTime) -> None:
    """OP-WAIT-MAX6, on a database with concurrent writers."""
    desk = Desk(any_db, time_)

    def attempt(_: int) -> bool:
        try:
            desk.wait()
        except ApiError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    assert results.count(True) == 6
    assert len(desk.rows()) == 6


def test_eight_changes_of_one_session_at_once_leave_one_whole_chain(any_db: Database, time_: ManualTime) -> None:
    """Links come and go in several pool threads; no change is lost and none fails."""
    desk = Desk(any_db, time_)
    session = desk.active()

    def flap(_: int) -> None:
        desk.lose(session)
        desk.link(session)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flap, range(8)))
    chain = desk.chain(session)
    assert [e.seq for e in chain] == list(range(1, len(chain) + 1))
    steps = [(e.data["from"], e.data["to"]) for e in chain[1:]]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(steps))
    assert events.chain_ok(chain)


# --- auto wait --------------------------------------------------------------------------------------------------------


def test_ensure_waiting_makes_one_number_and_no_second(desk: Desk) -> None:
    """OP-LOGIN-AUTO1."""
    assert desk.do(lambda db: rules.ensure_waiting(db, desk.time.now(), desk.account, False)) is not None
    assert desk.do(lambda db: rules.ensure_waiting(db, desk.time.now(), desk.account, False)) is None


def test_ensure_waiting_never_goes_above_six(desk: Desk) -> None:
    """OP-SET-AUTOWAIT."""
    for _ in range(6):
        desk.join(desk.wait())
    assert desk.do(lambda db: rules.ensure_waiting(db, desk.time.now(), desk.account, False)) is None


# --- the customer comes -----------------------------------------------------------------------------------------------


def test_joining_asks_for_consent_and_consent_leads_on(desk: Desk) -> None:
    """CUST-NUM, CUST-CONSENT, RC-SYS: what the PC is called, who uses it, its system and address."""
    session = desk.wait()
    desk.join(session)
    assert desk.state(session) == "JOINING"
    row = desk.row(session)
    assert (row.host_name, row.user_name, row.os, row.address, row.joined_at) == (
        "PC-7",
        "hong",
        "windows",
        ADDRESS,
        desk.time.now(),
    )
    desk.time.advance(7)
    desk.consent(session)
    assert (desk.state(session), desk.row(session).consented_at) == ("CONNECTING", desk.time.now())


def test_a_company_that_asks_for_no_consent_goes_straight_on(desk: Desk) -> None:
    """CUST-CONSENT, ADM-CONSENT: the switch."""
    desk.set(consent_enabled=False)
    session = desk.wait()
    desk.join(session)
    assert desk.state(session) == "CONNECTING"
    assert desk.row(session).consented_at is None


def test_a_refusal_ends_the_session_and_frees_nothing_to_the_same_number(desk: Desk) -> None:
    """CUST-CONSENT: not agreeing stops the flow."""
    session = desk.wait()
    desk.join(session)
    desk.consent(session, accepted=False)
    row = desk.row(session)
    assert (row.state, row.end_reason, row.completed_at) == ("REFUSED", "consent_refused", desk.time.now())
    assert desk.found(row.number or "") is None


@pytest.mark.parametrize("text", [None, 10_000])
def test_a_refusal_needs_no_text_that_is_current(desk: Desk, text: int | None) -> None:
    """Nobody is made to read a new version in order to say no."""
    session = desk.wait()
    desk.join(session)
    desk.on(session, joining.consent, False, text, "page", ADDRESS)
    assert desk.state(session) == "REFUSED"


def test_only_the_newest_text_can_be_agreed_to_and_the_record_names_it(desk: Desk) -> None:
    """CUST-CONSENT, ADM-CONSENT: a consent names exactly what was read."""
    session = desk.wait()
    desk.join(session)
    old = desk.text_id()
    desk.do(lambda db: add_consent_text(db, desk.time.now(), desk.company, "ko", "새 동의문"))
    with _refused("CONSENT_VERSION"):
        desk.consent(session, text=old)
    assert desk.db.look(lambda s: s.scalars(select(ConsentRecord)).all()) == []
    desk.consent(session)
    (record,) = desk.db.look(lambda s: s.scalars(select(ConsentRecord)).all())
    assert (record.text_id, record.accepted, record.source, record.address) == (
        desk.text_id(),
        True,
        "window",
        ADDRESS,
    )


def test_a_text_of_another_company_cannot_be_agreed_to(desk: Desk) -> None:
    other = Desk(desk.db, desk.time, "kim", "beta")
    session = desk.wait()
    desk.join(session)
    with _refused("CONSENT_VERSION"):
        desk.consent(session, text=other.text_id())


def test_consent_cannot_be_given_twice_or_before_joining(desk: Desk) -> None:
    session = desk.wait()
    with _refused("SESSION_STATE"):
        desk.consent(session)
    desk.join(session)
    desk.consent(session)
    with _refused("SESSION_STATE"):
        desk.consent(session)


def test_consent_that_the_company_no_longer_asks_for_is_no_dead_end(desk: Desk) -> None:
    session = desk.wait()
    desk.join(session)
    desk.set(consent_enabled=False)
    desk.on(session, joining.consent, True, None, "page", ADDRESS)
    assert desk.state(session) == "CONNECTING"


def test_the_program_that_comes_with_its_token_takes_the_secret_over_and_leaves_the_state(desk: Desk) -> None:
    """CUST-RUN: no second entry of the number."""
    session = desk.wait()
    page_secret = desk.join(session)
    desk.consent(session)
    joined = desk.on(session, joining.rejoin, ADDRESS, HOST)
    assert desk.state(session) == "CONNECTING"
    assert desk.db.look(lambda db: joining.by_secret(db, session, joined.secret)).id == session
    with _refused("NOT_FOUND"):
        desk.db.look(lambda db: joining.by_secret(db, session, page_secret))


@pytest.mark.parametrize("state", ["WAITING", "ACTIVE", "WRAPUP", "REFUSED"])
def test_a_token_is_of_no_use_outside_joining_and_connecting(desk: Desk, state: str) -> None:
    session = desk.wait() if state == "WAITING" else desk.active()
    if state == "WRAPUP":
        desk.end(session)
    if state == "REFUSED":
        session = desk.wait()
        desk.join(session)
        desk.consent(session, accepted=False)
    assert desk.state(session) == state
    with _refused("TOKEN_INVALID"):
        desk.on(session, joining.rejoin, ADDRESS, HOST)


@pytest.mark.parametrize("session_id", ["", "\0", "x" * 5000, "00000000-0000-4000-8000-000000000000", "{}"])
def test_a_secret_opens_nothing_under_a_wrong_name(desk: Desk, session_id: str) -> None:
    with _refused("NOT_FOUND"):
        desk.db.look(lambda db: joining.by_secret(db, session_id, "secret"))


def test_a_secret_opens_its_own_session_only_and_only_its_hash_is_kept(desk: Desk) -> None:
    first, second = desk.wait(), desk.wait()
    secret = desk.join(first)
    desk.join(second)
    with _refused("NOT_FOUND"):
        desk.db.look(lambda db: joining.by_secret(db, second, secret))
    assert desk.row(first).join_secret_hash not in (None, secret)


def test_a_secret_opens_nothing_after_the_end(desk: Desk) -> None:
    session = desk.wait()
    secret = desk.join(session)
    desk.consent(session)
    desk.link(session)
    desk.end(session)
    with _refused("NOT_FOUND"):
        desk.db.look(lambda db: joining.by_secret(db, session, secret))


def test_nobody_who_has_a_linked_agent_can_be_pushed_out_by_the_number(desk: Desk) -> None:
    session = desk.active()
    assert desk.found(desk.number(session)) is None


def test_a_customer_may_begin_again_until_an_agent_is_linked(desk: Desk) -> None:
    session = desk.connecting()
    assert desk.found(desk.number(session)) == session
    desk.join(session)
    assert desk.state(session) == "JOINING"


def test_ten_minutes_without_an_agent_make_the_number_wait_again(desk: Desk) -> None:
    session = desk.wait()
    secret = desk.join(session)
    desk.time.advance(minutes=10)
    assert desk.strike() == [session]
    assert desk.state(session) == "WAITING"
    with _refused("NOT_FOUND"):
        desk.db.look(lambda db: joining.by_secret(db, session, secret))


def test_ten_minutes_without_an_agent_end_a_number_whose_own_time_is_over(desk: Desk) -> None:
    session = desk.wait()
    desk.time.advance(minutes=25)
    desk.join(session)
    desk.consent(session)
    desk.time.advance(minutes=10)
    desk.strike()
    assert (desk.state(session), desk.row(session).end_reason) == ("EXPIRED", "number_expired")


# --- approval ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(desk: Desk) -> str:
    desk.set(approval=True)
    session = desk.active()
    assert desk.state(session) == "APPROVAL"
    return session


def test_a_yes_makes_the_session_active(desk: Desk, asked: str) -> None:
    """OP-SET-APPROVE."""
    desk.on(asked, rules.approve, True)
    assert desk.state(asked) == "ACTIVE"


def test_a_no_refuses_it(desk: Desk, asked: str) -> None:
    """OP-SET-APPROVE."""
    desk.on(asked, rules.approve, False)
    assert (desk.state(asked), desk.row(asked).end_reason) == ("REFUSED", "approval_denied")


def test_no_answer_within_a_minute_refuses_it(desk: Desk, asked: str) -> None:
    """OP-SET-APPROVE."""
    desk.time.advance(59)
    assert desk.strike() == []
    desk.time.advance(1)
    desk.strike()
    assert (desk.state(asked), desk.row(asked).end_reason) == ("REFUSED", "approval_timeout")


def test_a_lost_link_asks_again_when_it_is_back(desk: Desk, asked: str) -> None:
    desk.lose(asked)
    assert desk.state(asked) == "CONNECTING"
    desk.link(asked)
    assert desk.state(asked) == "APPROVAL"


def test_no_second_answer_counts(desk: Desk, asked: str) -> None:
    desk.on(asked, rules.approve, True)
    with _refused("SESSION_STATE"):
        desk.on(asked, rules.approve, False)
    assert desk.state(asked) == "ACTIVE"


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_lost_agent_suspends_for_the_network_and_its_return_resumes(desk: Desk) -> None:
    """FAQ-DROP."""
    session = desk.active()
    desk.lose(session)
    row = desk.row(session)
    assert (row.state, row.suspended_reason, row.agent_online) == ("SUSPENDED", "network", False)
    desk.link(session)
    row = desk.row(session)
    assert (row.state, row.suspended_reason, row.agent_online) == ("ACTIVE", None, True)


def test_a_closed_view_suspends_for_the_operator_and_does_not_end(desk: Desk) -> None:
    """FAQ-CLOSE: only "end remote" ends."""
    session = desk.active()
    desk.open_viewer(session)
    desk.view(session, True)
    desk.view(session, False)
    assert (desk.state(session), desk.row(session).suspended_reason) == ("SUSPENDED", "operator_gone")
    desk.open_viewer(session, "other")
    assert desk.state(session) == "SUSPENDED"
    desk.view(session, True, "other")
    assert desk.state(session) == "ACTIVE"


def test_an_old_view_changes_nothing(desk: Desk) -> None:
    session = desk.active()
    desk.open_viewer(session, "old")
    desk.open_viewer(session, "new")
    desk.view(session, True, "new")
    desk.view(session, False, "old")
    assert desk.state(session) == "ACTIVE"


def test_a_missing_agent_is_named_before_a_missing_operator(desk: Desk) -> None:
    session = desk.active()
    desk.open_viewer(session)
    desk.view(session, True)
    desk.view(session, False)
    desk.lose(session)
    assert desk.row(session).suspended_reason == "network"
    desk.link(session)
    assert (desk.state(session), desk.row(session).suspended_reason) == ("SUSPENDED", "operator_gone")


def test_seconds_are_counted_as_active_or_suspended_and_in_no_other_state(desk: Desk) -> None:
    session = desk.wait()
    desk.time.advance(11)
    desk.join(session)
    desk.time.advance(13)
    desk.consent(session)
    desk.time.advance(17)
    desk.link(session)
    desk.time.advance(100)
    desk.lose(session)
    desk.time.advance(30)
    desk.link(session)
    desk.time.advance(5)
    desk.end(session)
    desk.time.advance(50)
    desk.wrap_up(session)
    assert (desk.row(session).active_s, desk.row(session).suspended_s) == (105, 30)


def test_five_minutes_without_the_network_end_abnormally(desk: Desk) -> None:
    """FAQ-DROP, FAQ-ABN."""
    session = desk.active()
    desk.lose(session)
    desk.time.advance(299)
    assert desk.strike(desk.account) == []
    desk.time.advance(1)
    assert desk.strike(desk.account) == [session]
    row = desk.row(session)
    assert (row.state, row.end_reason, row.ended_at, row.completed_at) == (
        "ABNORMAL",
        "network_lost",
        desk.time.now(),
        None,
    )


def test_five_minutes_without_an_operator_end_abnormally_unless_he_is_present(desk: Desk) -> None:
    """FAQ-CLOSE: with the console open, the view may stay closed as long as the session may idle."""
    desk.set(session_idle_s=1800)
    session = desk.active()
    desk.open_viewer(session)
    desk.view(session, True)
    desk.view(session, False)
    for _ in range(5):
        desk.time.advance(minutes=5)
        desk.strike(desk.account)
        assert desk.state(session) == "SUSPENDED"
    desk.time.advance(minutes=5)
    desk.strike(desk.account)
    assert (desk.state(session), desk.row(session).end_reason) == ("ABNORMAL", "operator_gone")


def test_another_operators_presence_does_not_help(desk: Desk) -> None:
    session = desk.active()
    desk.open_viewer(session)
    desk.view(session, True)
    desk.view(session, False)
    desk.time.advance(minutes=5)
    desk.strike(desk.account + 1)
    assert desk.state(session) == "ABNORMAL"


def test_an_active_session_in_which_nothing_happens_ends_by_the_idle_time(desk: Desk) -> None:
    desk.set(session_idle_s=600)
    session, busy = desk.active(), desk.active()
    desk.time.advance(300)
    desk.do(lambda db: rules.extend_activity(db, desk.time.now(), [busy]))
    desk.time.advance(300)
    assert desk.strike() == [session]
    assert (desk.state(session), desk.row(session).end_reason) == ("WRAPUP", "idle")


def test_the_control_view_needs_a_live_session_with_an_agent(desk: Desk) -> None:
    with _refused("SESSION_STATE"):
        desk.open_viewer(desk.wait())
    session = desk.active()
    desk.lose(session)
    with _refused("AGENT_OFFLINE"):
        desk.open_viewer(session)


@pytest.mark.parametrize("state", ["WAITING", "JOINING", "WRAPUP", "COMPLETED", "ABNORMAL"])
def test_no_agent_is_linked_in_a_state_that_has_none(desk: Desk, state: str) -> None:
    session = desk.wait()
    if state == "JOINING":
        desk.join(session)
    if state in ("WRAPUP", "COMPLETED"):
        session = desk.active()
        desk.end(session)
    if state == "COMPLETED":
        desk.wrap_up(session)
    if state == "ABNORMAL":
        session = desk.abnormal()
    assert desk.state(session) == state
    with _refused("SESSION_STATE"):
        desk.link(session)


# --- the server stops and starts --------------------------------------------------------------------------------------


def test_after_a_crash_live_sessions_wait_five_minutes_for_their_links(desk: Desk) -> None:
    session = desk.active()
    desk.time.advance(90)
    desk.do(lambda db: rules.mark_links(db, desk.time.now()))
    desk.time.advance(3600)
    desk.do(lambda db: rules.server_started(db, desk.time.now()))
    row = desk.row(session)
    assert (row.state, row.suspended_reason, row.agent_online) == ("SUSPENDED", "network", False)
    assert (row.active_s, row.suspended_s) == (90, 0)
    desk.time.advance(299)
    assert desk.strike() == []
    desk.link(session)
    assert desk.state(session) == "ACTIVE"


def test_after_a_crash_a_session_whose_agent_stays_away_ends_abnormally(desk: Desk) -> None:
    session = desk.active()
    desk.do(lambda db: rules.server_started(db, desk.time.now()))
    desk.time.advance(300)
    desk.strike()
    assert desk.state(session) == "ABNORMAL"


def test_after_a_crash_a_session_that_was_suspended_gets_its_grace_anew(desk: Desk) -> None:
    session = desk.active()
    desk.lose(session)
    desk.time.advance(290)
    desk.do(lambda db: rules.server_started(db, desk.time.now()))
    desk.time.advance(290)
    assert desk.strike() == []
    assert desk.state(session) == "SUSPENDED"


def test_after_a_crash_an_open_question_is_asked_again(desk: Desk) -> None:
    desk.set(approval=True)
    session = desk.active()
    desk.do(lambda db: rules.server_started(db, desk.time.now()))
    assert desk.state(session) == "CONNECTING"


# --- ends and records -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "actor", "reason", "after", "shown"),
    [
        ("ACTIVE", None, EndReason.OPERATOR_ENDED, "WRAPUP", "operator_ended"),
        ("ACTIVE", "customer", EndReason.CUSTOMER_ENDED, "WRAPUP", "customer_ended"),
        ("ACTIVE", None, EndReason.ADMIN_CUT, "WRAPUP", "admin_cut"),
        ("CONNECTING", "customer", EndReason.CUSTOMER_ENDED, "CANCELLED", "customer_ended"),
        ("CONNECTING", None, EndReason.OPERATOR_ENDED, "CANCELLED", "operator_cancelled"),
        ("WAITING", None, EndReason.ADMIN_CUT, "CANCELLED", "admin_cut"),
    ],
)
def test_every_end_has_a_reason(
    desk: Desk, state: str, actor: str | None, reason: EndReason, after: str, shown: str
) -> None:
    session = {"ACTIVE": desk.active, "CONNECTING": desk.connecting, "WAITING": desk.wait}[state]()
    desk.end(session, actor, reason)
    assert (desk.state(session), desk.row(session).end_reason) == (after, shown)


def test_the_wrap_up_completes_and_ten_minutes_do_it_too(desk: Desk) -> None:
    """ADM-FAULT: the chosen fault type is in the record."""
    mine, forgotten = desk.active(), desk.active()
    desk.end(mine)
    desk.end(forgotten)
    fault = desk.db.look(lambda s: s.scalar(select(FaultType.id).where(FaultType.company_id == desk.company)))
    desk.wrap_up(mine, fault_type=fault, memo="프린터")
    assert (desk.state(mine), desk.row(mine).memo, desk.row(mine).fault_type_id) == ("COMPLETED", "프린터", fault)
    desk.time.advance(minutes=10)
    desk.strike()
    assert (desk.state(forgotten), desk.row(forgotten).result) == ("COMPLETED", None)


def test_a_fault_type_of_another_company_is_refused(desk: Desk) -> None:
    session = desk.active()
    desk.end(session)
    foreign = desk.db.look(lambda s: s.scalar(select(FaultType.id).where(FaultType.company_id != desk.company)))
    with _refused("INVALID_FIELDS"):
        desk.wrap_up(session, fault_type=foreign)
    assert (desk.state(session), desk.row(session).result) == ("WRAPUP", None)


def _correction(desk: Desk, **values: object) -> Correction:
    form = {
        "reason": "전화로 해결",
        "result": "resolved",
        "fault_type_id": None,
        "memo": "",
        "ended_at": desk.time.now(),
    }
    return Correction(**{**form, **values})  # type: ignore[arg-type]


def test_an_abnormal_record_is_completed_by_hand_and_the_old_values_stay(desk: Desk) -> None:
    """FAQ-ABN."""
    session = desk.abnormal()
    was = desk.row(session).ended_at
    assert was is not None
    desk.time.advance(minutes=3)
    desk.on(session, rules.correct, desk.account, _correction(desk, memo="끝"))
    row = desk.row(session)
    assert (row.state, row.corrected, row.result, row.memo, row.ended_at, row.completed_at) == (
        "COMPLETED",
        True,
        "resolved",
        "끝",
        desk.time.now(),
        desk.time.now(),
    )
    last = desk.chain(session)[-1]
    assert last.data["old"] == {"result": None, "fault_type": None, "memo": "", "ended_at": was.isoformat()}
    assert last.data["reason"] == "전화로 해결"


@pytest.mark.parametrize("state", ["WAITING", "ACTIVE", "WRAPUP", "COMPLETED"])
def test_only_an_abnormal_record_can_be_corrected(desk: Desk, state: str) -> None:
    """FAQ-ABN."""
    session = desk.wait() if state == "WAITING" else desk.active()
    if state in ("WRAPUP", "COMPLETED"):
        desk.end(session)
    if state == "COMPLETED":
        desk.wrap_up(session)
    with _refused("SESSION_STATE"):
        desk.on(session, rules.correct, desk.account, _correction(desk))


def test_a_record_is_corrected_once(desk: Desk) -> None:
    session = desk.abnormal()
    desk.on(session, rules.correct, desk.account, _correction(desk))
    with _refused("SESSION_STATE"):
        desk.on(session, rules.correct, desk.account, _correction(desk))


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_correction_needs_a_reason(desk: Desk, reason: str) -> None:
    """FAQ-ABN."""
    session = desk.abnormal()
    with _refused("REASON_NEEDED"):
        desk.on(session, rules.correct, desk.account, _correction(desk, reason=reason))


def test_a_corrected_end_lies_between_the_beginning_and_a_day_after_the_last_link_and_not_ahead(desk: Desk) -> None:
    """FAQ-ABN."""
    session = desk.abnormal()
    row = desk.row(session)
    assert row.last_link_at is not None
    desk.time.advance(hours=48)
    limit = row.last_link_at + timedelta(hours=24)
    for wrong in (row.created_at - timedelta(seconds=1), limit + timedelta(seconds=1), desk.time.now()):
        with _refused("INVALID_FIELDS"):
            desk.on(session, rules.correct, desk.account, _correction(desk, ended_at=wrong))
    desk.on(session, rules.correct, desk.account, _correction(desk, ended_at=limit))


def test_a_corrected_end_is_not_in_the_future(desk: Desk) -> None:
    session = desk.abnormal()
    with _refused("INVALID_FIELDS"):
        desk.on(
            session, rules.correct, desk.account, _correction(desk, ended_at=desk.time.now() + timedelta(seconds=1))
        )


def test_the_logout_of_the_operator_cancels_what_nobody_is_connected_to(desk: Desk) -> None:
    live, waiting, joining = desk.active(), desk.wait(), desk.wait()
    desk.join(joining)
    desk.do(lambda db: rules.cancel_unused(db, desk.time.now(), desk.account))
    assert [desk.state(s) for s in (live, waiting, joining)] == ["ACTIVE", "CANCELLED", "CANCELLED"]
    assert desk.row(waiting).end_reason == "operator_logged_out"


def test_the_waiting_operators_are_those_of_the_company_with_a_waiting_number(desk: Desk) -> None:
    """CUST-PICK, CUST-GUIDE: by display name."""
    other = Desk(desk.db, desk.time, "lee", "alpha")
    foreign = Desk(desk.db, desk.time, "kim", "beta")
    desk.wait()
    desk.wait()
    other.join(other.wait())
    foreign.wait()
    found = desk.db.look(lambda db: joining.waiting_operators(db, desk.company))
    assert [a.display_name for a in found] == ["Kim alpha"]


# --- the event chain --------------------------------------------------------------------------------------------------


def test_every_transition_writes_one_event_that_names_both_states(desk: Desk) -> None:
    session = desk.active()
    desk.lose(session)
    desk.link(session)
    desk.end(session)
    desk.wrap_up(session)
    chain = desk.chain(session)
    assert desk.types(session) == [
        "created",
        "number_used",
        "consented",
        "agent_linked",
        "link_lost",
        "link_back",
        "end",
        "wrapped_up",
    ]
    steps = [(e.data["from"], e.data["to"]) for e in chain[1:]]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(steps))
    assert events.chain_ok(chain)


@pytest.fixture
def chained(desk: Desk) -> str:
    session = desk.abnormal()
    desk.on(session, rules.correct, desk.account, _correction(desk))
    assert events.chain_ok(desk.chain(session))
    return session


@pytest.mark.parametrize("column", ["actor", "type", "prev_hash", "hash", "at", "data", "session_id"])
def test_any_changed_byte_of_any_event_breaks_the_chain(db: Database, time_: ManualTime, column: str) -> None:
    desk = Desk(db, time_)
    session, other = desk.abnormal(), desk.wait()
    for position in range(len(desk.chain(session))):
        chain = desk.chain(session)
        value = getattr(chain[position], column)
        changed = {
            "at": lambda v: v + timedelta(microseconds=1),
            "data": lambda v: {**v, "to": str(v.get("to")) + "!"},
            "session_id": lambda _v: other,
        }.get(column, lambda v: chr(ord(v[0]) ^ 1) + v[1:])
        setattr(chain[position], column, changed(value))
        assert not events.chain_ok(chain)


def test_a_changed_row_shows_after_it_was_read_again(desk: Desk, chained: str) -> None:
    change = update(SessionEvent).where(SessionEvent.session_id == chained, SessionEvent.seq == 2)
    desk.do(lambda db: db.execute(change.values(actor="server")))
    assert not events.chain_ok(desk.chain(chained))


def test_a_missing_a_swapped_and_an_inserted_event_break_the_chain(desk: Desk, chained: str) -> None:
    chain = desk.chain(chained)
    for position in range(len(chain) - 1):
        assert not events.chain_ok(chain[:position] + chain[position + 1 :])
        swapped = [*chain]
        swapped[position], swapped[position + 1] = swapped[position + 1], swapped[position]
        assert not events.chain_ok(swapped)
        assert not events.chain_ok([*chain[: position + 1], chain[position], *chain[position + 1 :]])


def test_a_rule_that_fails_leaves_neither_state_nor_event(desk: Desk) -> None:
    session = desk.active()

    def work(db: Session) -> None:
        rules.end(db, desk.time.now(), db.get_one(SupportSession, session), "server", EndReason.OPERATOR_ENDED)
        raise RuntimeError("late")

    with pytest.raises(RuntimeError):
        desk.do(work)
    assert (desk.state(session), desk.types(session)[-1]) == ("ACTIVE", "agent_linked")


def test_the_open_view_is_in_the_record(desk: Desk) -> None:
    session = desk.active()
    desk.open_viewer(session)
    assert desk.types(session)[-1] == "control_opened"
    assert desk.row(session).viewer == VIEWER
    assert desk.db.look(lambda s: s.get_one(Account, desk.account)).display_name == "Kim alpha"
