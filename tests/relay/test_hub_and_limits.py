"""Live presence and its tickets; budgets over time."""

from __future__ import annotations

import uuid

import pytest
from fakes import ManualTime, RecordingListener
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.relay import hub as hub_module
from wizhelper.relay.hub import ConsoleTicket, Hub
from wizhelper.relay.limits import Budget, Window, address_key

KIM = ConsoleTicket(account=1, login=11, company=1)
SESSION = uuid.UUID(int=1)


@pytest.fixture
def hub(time_: ManualTime) -> Hub:
    return Hub(time_.monotonic)


def test_a_ticket_of_a_console_is_used_once_within_thirty_seconds(hub: Hub, time_: ManualTime) -> None:
    first, second = hub.issue_ticket(KIM), hub.issue_ticket(KIM)
    time_.advance(29.9)
    assert hub.redeem_ticket(first) == KIM
    assert hub.redeem_ticket(first) is None
    time_.advance(0.1)
    assert hub.redeem_ticket(second) is None


@pytest.mark.parametrize("text", ["", "x", "\0", "é"])
def test_a_text_that_was_never_issued_is_no_ticket(hub: Hub, text: str) -> None:
    hub.issue_ticket(KIM)
    assert hub.redeem_ticket(text) is None


def test_tickets_that_nobody_redeems_do_not_pile_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "MAX_TICKETS", 5)
    texts = [hub.issue_ticket(KIM) for _ in range(8)]
    assert len(hub._tickets) == 5
    assert hub.redeem_ticket(texts[0]) is None and hub.redeem_ticket(texts[-1]) == KIM


def test_a_logout_closes_the_sockets_and_tickets_of_its_logins_only(hub: Hub) -> None:
    mine, other, foreign = RecordingListener(), RecordingListener(), RecordingListener()
    hub.console_joined(KIM, mine)
    hub.console_joined(ConsoleTicket(1, 12, 1), other)
    hub.console_joined(ConsoleTicket(2, 21, 1), foreign)
    dead, alive = hub.issue_ticket(KIM), hub.issue_ticket(ConsoleTicket(1, 12, 1))
    hub.close_logins(1, {11, 21}, "LOGGED_OUT")
    assert mine.calls == [("send", {"type": "bye", "code": "LOGGED_OUT"}), ("close", "LOGGED_OUT")]
    assert other.calls == [] == foreign.calls
    assert hub.redeem_ticket(dead) is None
    assert hub.redeem_ticket(alive) is not None


def test_an_account_is_present_until_its_last_socket_has_left(hub: Hub) -> None:
    first, second = RecordingListener(), RecordingListener()
    hub.console_joined(KIM, first)
    hub.console_joined(KIM, second)
    assert not hub.console_left(KIM, first) and hub.has_console(1)
    assert hub.console_left(KIM, second) and not hub.has_console(1)


def test_what_is_told_to_an_account_reaches_all_its_sockets_and_no_other(hub: Hub) -> None:
    mine, foreign = RecordingListener(), RecordingListener()
    hub.console_joined(KIM, mine)
    hub.console_joined(ConsoleTicket(2, 21, 1), foreign)
    hub.tell_account(1, {"type": "x"})
    assert (mine.sent("x"), foreign.calls) == ([{"type": "x"}], [])


def test_a_newer_agent_link_replaces_the_older_whose_end_then_means_nothing(hub: Hub) -> None:
    old, new = RecordingListener(), RecordingListener()
    hub.agent_joined(SESSION, old)
    hub.agent_joined(SESSION, new)
    assert old.calls == [("close", "REPLACED")]
    assert not hub.agent_left(SESSION, old) and hub.has_agent(SESSION)
    assert hub.agent_left(SESSION, new) and not hub.has_agent(SESSION)
    assert not hub.tell_agent(SESSION, {"type": "x"})


def test_a_stop_says_goodbye_to_all(hub: Hub) -> None:
    console, agent = RecordingListener(), RecordingListener()
    hub.console_joined(KIM, console)
    hub.agent_joined(SESSION, agent)
    hub.stop()
    assert console.calls[-1] == ("close", "SERVER_STOPPING") == agent.calls[-1]


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "seconds"), [(1, 1.0), (5, 600.0), (20, 3600.0)])
def test_a_window_allows_its_count_and_not_one_more_until_the_first_is_over(
    time_: ManualTime, count: int, seconds: float
) -> None:
    budget = Budget(time_.monotonic, Window(count, seconds))
    for used in range(count):
        assert (budget.wait_s("a"), budget.used("a")) == (0.0, used)
        budget.spend("a")
    assert budget.wait_s("a") == pytest.approx(seconds)
    assert budget.wait_s("b") == 0.0
    time_.advance(seconds - 0.001)
    assert budget.wait_s("a") == pytest.approx(0.001, abs=1e-6)
    time_.advance(0.001)
    assert budget.wait_s("a") == 0.0


def test_the_strictest_of_several_windows_decides(time_: ManualTime) -> None:
    budget = Budget(time_.monotonic, Window(2, 10.0), Window(3, 100.0))
    waits = []
    for _ in range(3):
        budget.spend("a")
        waits.append(budget.wait_s("a"))
        time_.advance(5)
    assert waits == [0.0, 5.0, 90.0]


def test_what_is_taken_back_does_not_count_and_takes_nothing_else_along(time_: ManualTime) -> None:
    budget = Budget(time_.monotonic, Window(2, 10.0))
    budget.take_back("a")
    for _ in range(3):
        budget.spend("a")
    budget.take_back("a")
    assert budget.wait_s("a") > 0
    budget.take_back("a")
    assert budget.wait_s("a") == 0.0


def test_memory_is_bounded_however_many_keys_and_events_there_are(time_: ManualTime) -> None:
    budget = Budget(time_.monotonic, Window(3, 60.0), max_keys=100)
    for i in range(5000):
        budget.spend(f"k{i}")
        budget.spend("same")
    assert len(budget._events) == 100
    assert sum(map(len, budget._events.values())) <= 100 * 6
    assert budget.wait_s("same") > 0


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from("ab")), max_size=60))
def test_no_window_ever_holds_more_than_its_count(events: list[tuple[float, str]]) -> None:
    time_ = ManualTime()
    budget, taken = Budget(time_.monotonic, Window(3, 20.0)), dict[str, list[float]](a=[], b=[])
    for pause, key in events:
        time_.advance(pause)
        if budget.wait_s(key) == 0.0:
            budget.spend(key)
            taken[key].append(time_.monotonic())
        recent = [t for t in taken[key] if t > time_.monotonic() - 20.0]
        assert len(recent) <= 3


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("203.0.113.5", "203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("203.0.113.5", "::ffff:203.0.113.5", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("local", "local", True),
    ],
)
def test_one_line_of_a_customer_is_one_key(first: str, second: str, same: bool) -> None:
    assert (address_key(first) == address_key(second)) is same
