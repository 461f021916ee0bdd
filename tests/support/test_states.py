"""The state machine of a session: every transition that exists is named here, and no other exists."""

from __future__ import annotations

import itertools

import pytest

from wizhelper.support.states import (
    AGENT_STATES,
    ENTERABLE,
    LIVE,
    OPEN,
    TABLE,
    TERMINAL,
    State,
    TransitionRefused,
    Trigger,
    next_state,
)

#: state -> {trigger: next state}, written down from the domain model and not from the code.
EXPECTED = {
    "WAITING": {"number_used": "JOINING", "number_expired": "EXPIRED", "cancel": "CANCELLED"},
    "JOINING": {
        "number_used": "JOINING",
        "consented": "CONNECTING",
        "consent_refused": "REFUSED",
        "time_out": "WAITING",
        "number_expired": "EXPIRED",
        "cancel": "CANCELLED",
    },
    "CONNECTING": {
        "number_used": "JOINING",
        "agent_linked": "ACTIVE",
        "agent_linked_ask": "APPROVAL",
        "time_out": "WAITING",
        "number_expired": "EXPIRED",
        "cancel": "CANCELLED",
    },
    "APPROVAL": {
        "approved": "ACTIVE",
        "denied": "REFUSED",
        "time_out": "REFUSED",
        "link_lost": "CONNECTING",
        "cancel": "CANCELLED",
    },
    "ACTIVE": {"link_lost": "SUSPENDED", "end": "WRAPUP", "time_out": "WRAPUP"},
    "SUSPENDED": {"link_lost": "SUSPENDED", "link_back": "ACTIVE", "end": "WRAPUP", "time_out": "ABNORMAL"},
    "WRAPUP": {"wrapped_up": "COMPLETED", "time_out": "COMPLETED"},
    "ABNORMAL": {"corrected": "COMPLETED"},
}
PAIRS = list(itertools.product(State, Trigger))


@pytest.mark.parametrize(("state", "trigger"), PAIRS, ids=lambda x: x.value)
def test_a_trigger_leads_where_the_domain_model_says_or_is_refused(state: State, trigger: Trigger) -> None:
    expected = EXPECTED.get(state, {}).get(trigger)
    if expected is None:
        with pytest.raises(TransitionRefused):
            next_state(state, trigger)
    else:
        assert next_state(state, trigger) == expected


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_there_is_no_way_out_of_an_end_but_the_correction_of_an_abnormal_one(state: State) -> None:
    """FAQ-ABN."""
    ways = {trigger: after for (before, trigger), after in TABLE.items() if before is state}
    assert ways == ({Trigger.CORRECTED: State.COMPLETED} if state is State.ABNORMAL else {})


def _reachable(start: State) -> set[State]:
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for (before, _), after in TABLE.items():
            if before is here and after not in found:
                found.add(after)
                todo.append(after)
    return found


def test_every_state_can_be_reached_from_waiting() -> None:
    assert _reachable(State.WAITING) == set(State)


@pytest.mark.parametrize("state", sorted(set(State) - TERMINAL))
def test_every_state_can_come_to_an_end(state: State) -> None:
    assert _reachable(state) & TERMINAL


@pytest.mark.parametrize("state", sorted(set(State) - TERMINAL))
def test_every_state_that_is_no_end_has_a_clock_that_moves_it_on(state: State) -> None:
    """ACTIVE by the idle limit: nothing waits for ever."""
    moved = {trigger for (before, trigger) in TABLE if before is state}
    assert moved & {Trigger.TIME_OUT, Trigger.NUMBER_EXPIRED}


def test_the_sets_of_states_fit_together() -> None:
    """OP-WAIT-MAX6: a session that is being wrapped up takes no place."""
    assert set(State) == OPEN | TERMINAL | {State.WRAPUP}
    assert not OPEN & TERMINAL
    assert LIVE | ENTERABLE < OPEN
    assert {State.CONNECTING, State.APPROVAL} | LIVE == AGENT_STATES
