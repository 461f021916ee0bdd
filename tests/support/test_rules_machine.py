"""Random triggers in any order: what must always hold of sessions, holds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from desk import Desk
from fakes import ImmediateDatabase, ManualTime
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from wizhelper.http.errors import ApiError
from wizhelper.records import events
from wizhelper.records.model import LiveNumber
from wizhelper.store.database import sqlite_url
from wizhelper.support import joining, rules
from wizhelper.support.states import LIVE, OPEN, TABLE, TERMINAL, EndReason

STEPS = {(before.value, after.value) for (before, _), after in TABLE.items()}
pick = st.integers(0, 100)


class Sessions(RuleBasedStateMachine):
    """Six operations of the operator, five of the customer, time, crashes."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="wizhelper-machine-"))
        shutil.copy(self.template, self._folder / "wizhelper.db")
        self.db = ImmediateDatabase(sqlite_url(self._folder / "wizhelper.db"))
        self.desk = Desk(self.db, ManualTime())
        self.desk.set(approval=True, number_digits=4, session_idle_s=1200)
        self.ids: list[str] = []
        self.over: dict[str, str] = {}

    def teardown(self) -> None:
        self.db.stop()
        shutil.rmtree(self._folder)

    def _try(self, number: int, work: object, *args: object) -> None:
        """Rules may refuse; nothing else may be raised, and a refusal changes nothing."""
        if not self.ids:
            return
        session = self.ids[number % len(self.ids)]
        before = (self.desk.state(session), len(self.desk.chain(session)))
        try:
            self.desk.on(session, work, *args)  # type: ignore[arg-type]
        except ApiError:
            assert (self.desk.state(session), len(self.desk.chain(session))) == before

    @rule()
    def wait(self) -> None:
        open_now = sum(1 for r in self.desk.rows() if r.state in OPEN)
        try:
            self.ids.append(self.desk.wait())
        except ApiError as problem:
            assert (problem.code, open_now) == ("SESSION_LIMIT", 6)

    @rule(number=pick)
    def join(self, number: int) -> None:
        if self.ids:
            session = self.ids[number % len(self.ids)]
            if self.desk.found(self.desk.number(session)) == session:
                self.desk.join(session)

    @rule(number=pick, accepted=st.booleans())
    def consent(self, number: int, accepted: bool) -> None:
        self._try(number, joining.consent, accepted, self.desk.text_id(), "window", "192.0.2.1")

    @rule(number=pick)
    def link(self, number: int) -> None:
        self._try(number, rules.agent_linked, "192.0.2.1")

    @rule(number=pick, accepted=st.booleans())
    def approve(self, number: int, accepted: bool) -> None:
        self._try(number, rules.approve, accepted)

    @rule(number=pick)
    def lose(self, number: int) -> None:
        self._try(number, rules.agent_lost)

    @rule(number=pick, viewer=st.sampled_from("ab"))
    def open_viewer(self, number: int, viewer: str) -> None:
        self._try(number, rules.open_viewer, viewer)

    @rule(number=pick, viewer=st.sampled_from("ab"), online=st.booleans())
    def view(self, number: int, viewer: str, online: bool) -> None:
        self._try(number, rules.viewer_changed, viewer, online)

    @rule(number=pick, by_customer=st.booleans())
    def end(self, number: int, by_customer: bool) -> None:
        actor = rules.CUSTOMER if by_customer else rules.operator(self.desk.account)
        self._try(number, rules.end, actor, EndReason.CUSTOMER_ENDED if by_customer else EndReason.OPERATOR_ENDED)

    @rule(number=pick)
    def wrap_up(self, number: int) -> None:
        self._try(number, rules.wrap_up, self.desk.account, None, "resolved", "")

    @rule(number=pick)
    def correct(self, number: int) -> None:
        new = rules.Correction("so war es", "resolved", None, "", self.desk.time.now())
        self._try(number, rules.correct, self.desk.account, new)

    @rule(seconds=st.sampled_from([1, 30, 60, 300, 601, 1900]), present=st.booleans())
    def time_passes(self, seconds: int, present: bool) -> None:
        self.desk.time.advance(seconds)
        self.desk.strike(*([self.desk.account] if present else []))

    @rule()
    @precondition(lambda self: self.ids)
    def crash(self) -> None:
        self.desk.do(lambda db: rules.mark_links(db, self.desk.time.now()))
        self.desk.time.advance(20)
        self.desk.do(lambda db: rules.server_started(db, self.desk.time.now()))

    @rule()
    def log_out(self) -> None:
        self.desk.do(lambda db: rules.cancel_unused(db, self.desk.time.now(), self.desk.account))

    # --- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def never_more_than_six_are_open(self) -> None:
        assert sum(1 for r in self.desk.rows() if r.state in OPEN) <= 6

    @invariant()
    def every_number_in_use_belongs_to_one_open_session(self) -> None:
        rows = [r for r in self.desk.rows() if r.state in OPEN]
        assert len({r.number for r in rows}) == len(rows)
        held = self.db.look(lambda s: list(s.scalars(select(LiveNumber).where(LiveNumber.quarantined_until.is_(None)))))
        assert {(n.number, n.session_id) for n in held} == {(r.number, r.id) for r in rows}

    @invariant()
    def an_end_is_final_and_has_a_reason(self) -> None:
        for row in self.desk.rows():
            before = self.over.get(row.id)
            if before is not None and before != row.state:
                assert (before, row.state, row.corrected) == ("ABNORMAL", "COMPLETED", True)
            if row.state in TERMINAL:
                self.over[row.id] = row.state
                assert row.end_reason and row.ended_at and not row.agent_online

    @invariant()
    def seconds_never_exceed_the_time_that_has_passed(self) -> None:
        for row in self.desk.rows():
            until = row.completed_at if row.completed_at and not row.corrected else self.desk.time.now()
            assert 0 <= row.active_s + row.suspended_s <= (until - row.created_at).total_seconds() + 1e-6

    @invariant()
    def events_tell_each_step_once_and_end_in_the_state_that_is(self) -> None:
        for row in self.desk.rows():
            chain = self.desk.chain(row.id)
            assert events.chain_ok(chain)
            state = None
            for event in chain:
                if "to" in event.data:
                    assert state is None or (event.data["from"] == state and (state, event.data["to"]) in STEPS)
                    state = event.data["to"]
            assert state == row.state

    @invariant()
    def what_is_active_has_an_agent_and_what_lives_has_a_limit(self) -> None:
        for row in self.desk.rows():
            assert row.state != "ACTIVE" or row.agent_online
            assert (row.suspended_reason is not None) == (row.state == "SUSPENDED")
            assert (row.due_at is not None) == (row.state in OPEN or row.state == "WRAPUP")
            assert row.state in LIVE or not row.viewer_online


@pytest.mark.usefixtures("cheap_hashes")
def test_no_order_of_events_breaks_a_rule_of_sessions(template_database: Path) -> None:
    """OP-WAIT-MAX6, FAQ-ABN, FAQ-CLOSE."""
    machine = type("Machine", (Sessions,), {"template": template_database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
