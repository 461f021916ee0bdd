"""Rooms of the data plane: two ends, opaque messages, and every way in which a link ends."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from fakes import RecordingEnd
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.task import Clock

from wizhelper.relay.pairing import CloseCode, Delayed, Pairing, Room
from wizhelper.relay.tickets import Side, Ticket

SESSION, VIEWER = uuid.UUID(int=1), uuid.UUID(int=2)


@dataclass
class Hall:
    """A Pairing, its clock, and what it said."""

    clock: Clock = field(default_factory=Clock)
    changes: list[tuple[uuid.UUID, uuid.UUID, bool]] = field(default_factory=list)
    pairing: Pairing = field(init=False)

    def __post_init__(self) -> None:
        self.pairing = Pairing(self._later, lambda s, v, opened: self.changes.append((s, v, opened)))

    def _later(self, seconds: float, call: Callable[[], None]) -> Delayed:
        return self.clock.callLater(seconds, call)

    def enter(self, side: Side, session: uuid.UUID = SESSION, viewer: uuid.UUID = VIEWER) -> tuple[RecordingEnd, Room]:
        end = RecordingEnd(side.name)
        return end, self.pairing.join(Ticket(side, session, viewer), end)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_two_ends_of_one_viewer_are_paired_and_told_so(hall: Hall) -> None:
    console, _ = hall.enter(Side.CONSOLE)
    agent, _ = hall.enter(Side.AGENT)
    assert console.calls == [("joined", None), ("paired", agent)]
    assert agent.calls == [("joined", None), ("paired", console)]
    assert hall.changes == [(SESSION, VIEWER, True)]
    assert hall.clock.getDelayedCalls() == []


def test_messages_cross_unchanged_in_order_both_ways_and_are_counted(hall: Hall) -> None:
    console, room = hall.enter(Side.CONSOLE)
    agent, _ = hall.enter(Side.AGENT)
    for i in range(50):
        assert hall.pairing.message(room, Side.CONSOLE, b"c%d" % i)
        assert hall.pairing.message(room, Side.AGENT, b"a%d" % i)
    assert agent.received == [b"c%d" % i for i in range(50)]
    assert console.received == [b"a%d" % i for i in range(50)]
    assert room.forwarded_bytes == 2 * (10 * 2 + 40 * 3)


def test_a_message_before_the_pairing_is_refused_and_goes_nowhere(hall: Hall) -> None:
    console, room = hall.enter(Side.CONSOLE)
    assert not hall.pairing.message(room, Side.CONSOLE, b"early")
    agent, _ = hall.enter(Side.AGENT)
    assert agent.received == [] == console.received


def test_nobody_waits_longer_than_thirty_seconds(hall: Hall) -> None:
    console, _ = hall.enter(Side.CONSOLE)
    hall.clock.advance(29.9)
    assert console.closes == []
    hall.clock.advance(0.1)
    assert console.closes == [CloseCode.NOBODY_CAME]
    assert len(hall.pairing) == 0


def test_when_one_end_goes_the_other_is_told_that_its_peer_is_gone(hall: Hall) -> None:
    console, room = hall.enter(Side.CONSOLE)
    agent, _ = hall.enter(Side.AGENT)
    hall.pairing.left(room, Side.AGENT, agent)
    assert console.closes == [CloseCode.PEER_GONE]
    assert hall.changes[-1] == (SESSION, VIEWER, False)
    assert not hall.pairing.message(room, Side.CONSOLE, b"late")


def test_a_newer_end_replaces_the_older_and_the_pair_starts_anew(hall: Hall) -> None:
    """A half-open socket after a change of network must not keep its owner out."""
    old, old_room = hall.enter(Side.CONSOLE)
    agent, _ = hall.enter(Side.AGENT)
    new, new_room = hall.enter(Side.CONSOLE)
    assert old.closes[0] is CloseCode.REPLACED
    assert agent.closes == [CloseCode.PEER_GONE]
    assert new.calls == [("joined", None)]
    hall.pairing.left(old_room, Side.CONSOLE, old)
    assert len(hall.pairing) == 1
    again, _ = hall.enter(Side.AGENT)
    assert hall.pairing.message(new_room, Side.CONSOLE, b"x") and again.received == [b"x"]


def test_the_late_close_of_a_replaced_end_does_not_end_the_new_pair(hall: Hall) -> None:
    old, old_room = hall.enter(Side.CONSOLE)
    new, _ = hall.enter(Side.CONSOLE)
    agent, _ = hall.enter(Side.AGENT)
    hall.pairing.left(old_room, Side.CONSOLE, old)
    assert new.closes == [] == agent.closes


def test_the_end_of_a_session_closes_all_its_rooms_and_no_others(hall: Hall) -> None:
    ends = [hall.enter(side, SESSION, uuid.UUID(int=v))[0] for v in (2, 3) for side in Side]
    other, _ = hall.enter(Side.CONSOLE, uuid.UUID(int=99))
    hall.pairing.end_session(SESSION)
    assert all(e.closes == [CloseCode.SESSION_ENDED] for e in ends)
    assert other.closes == []


def test_one_viewer_can_be_ended_alone(hall: Hall) -> None:
    gone, _ = hall.enter(Side.CONSOLE, SESSION, uuid.UUID(int=3))
    stays, _ = hall.enter(Side.CONSOLE)
    hall.pairing.end_viewer(SESSION, uuid.UUID(int=3))
    hall.pairing.end_viewer(SESSION, uuid.UUID(int=4))
    assert (gone.closes, stays.closes) == ([CloseCode.REPLACED], [])


def test_a_stop_tells_everybody_and_leaves_no_timer(hall: Hall) -> None:
    ends = [hall.enter(Side.CONSOLE, uuid.uuid4())[0] for _ in range(3)]
    hall.pairing.stop()
    assert all(e.closes == [CloseCode.STOPPING] for e in ends)
    assert len(hall.pairing) == 0 and hall.clock.getDelayedCalls() == []


def test_an_end_that_is_closed_from_within_a_message_does_not_break_the_room(hall: Hall) -> None:
    """A peer's transport may fail while it is written to."""
    console, room = hall.enter(Side.CONSOLE)

    class Failing(RecordingEnd):
        def forward(self, data: bytes) -> None:
            hall.pairing.left(room, Side.AGENT, self)

    hall.pairing.join(Ticket(Side.AGENT, SESSION, VIEWER), Failing())
    hall.pairing.message(room, Side.CONSOLE, b"x")
    assert console.closes == [CloseCode.PEER_GONE] and len(hall.pairing) == 0


class Rooms(RuleBasedStateMachine):
    """Any order of joins, messages, losses and ends: nothing ever reaches a room that it was not sent in."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall()
        self.ends: list[tuple[RecordingEnd, Room, Ticket]] = []
        self.sent = 0

    @rule(side=st.sampled_from(Side), session=st.integers(1, 2), viewer=st.integers(1, 2))
    def join(self, side: Side, session: int, viewer: int) -> None:
        ticket = Ticket(side, uuid.UUID(int=session), uuid.UUID(int=viewer))
        end = RecordingEnd(f"{session}/{viewer}/{side.name}/{len(self.ends)}")
        self.ends.append((end, self.hall.pairing.join(ticket, end), ticket))

    @rule(number=st.integers(0, 50))
    def message(self, number: int) -> None:
        if self.ends:
            end, room, ticket = self.ends[number % len(self.ends)]
            self.sent += 1
            place = f"{ticket.session.int}/{ticket.viewer.int}/{ticket.side.other.name}"
            accepted = self.hall.pairing.message(room, ticket.side, f"{place}#{self.sent}".encode())
            assert not accepted or not end.closes

    @rule(number=st.integers(0, 50))
    def lose(self, number: int) -> None:
        if self.ends:
            end, room, ticket = self.ends.pop(number % len(self.ends))
            self.hall.pairing.left(room, ticket.side, end)

    @rule(session=st.integers(1, 2))
    def end(self, session: int) -> None:
        self.hall.pairing.end_session(uuid.UUID(int=session))

    @rule(seconds=st.sampled_from([1.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.hall.clock.advance(seconds)

    @invariant()
    def messages_stay_in_their_room_and_in_order(self) -> None:
        for end, _, ticket in self.ends:
            place = f"{ticket.session.int}/{ticket.viewer.int}/{ticket.side.name}"
            names, numbers = (
                zip(*(m.decode().split("#") for m in end.received), strict=True) if end.received else ((), ())
            )
            assert set(names) <= {place}
            assert list(map(int, numbers)) == sorted(map(int, numbers))

    @invariant()
    def whoever_is_not_closed_is_in_a_room_and_only_waiting_rooms_have_timers(self) -> None:
        present = [e for e, _, _ in self.ends if not e.closes]
        held = [e for room in self.hall.pairing._rooms.values() for e in room.ends.values()]
        assert {id(e) for e in present} == {id(e) for e in held}
        waiting = sum(1 for room in self.hall.pairing._rooms.values() if not room.opened)
        assert len(self.hall.clock.getDelayedCalls()) == waiting


TestRooms = Rooms.TestCase
TestRooms.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
