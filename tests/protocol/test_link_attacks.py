"""A relay that does as it likes: the only outcome is RemoteProtocolError and a dead link, never a wrong message."""

from __future__ import annotations

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pair import A2O, O2A, make_pair, open_pair

from wizhelper.protocol.channels import Channel
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.link import Established, LinkState, Received
from wizhelper.protocol.secure import RekeyLimits

DIRECTIONS = st.sampled_from([O2A, A2O])
LIMITS = RekeyLimits(frames=3)
SEALED = (LinkState.AUTH, LinkState.OPEN)


class HostileRelay(RuleBasedStateMachine):
    """`sent` is what honest ends sealed; what the receivers were given must always be the beginning of it."""

    @initialize(seed=st.integers(1, 1000), resumed=st.booleans(), opened=st.booleans())
    def begin(self, seed: int, resumed: bool, opened: bool) -> None:
        secret = b"\x0a" * 32 if resumed else None
        self.pair = make_pair(seed, console_resume=secret, agent_resume=secret, limits=LIMITS)
        foreign = open_pair(seed + 5000, limits=LIMITS)
        for i in range(4):
            foreign.agent.seal(Channel.SCREEN, bytes([i + 1]))
            foreign.console.seal(Channel.INPUT, bytes([i + 1]))
        foreign.ferry()
        self.foreign = foreign.log
        self.sent: dict[str, list[Received]] = {O2A: [], A2O: []}
        self.passed: dict[str, list[bytes]] = {O2A: [], A2O: []}
        self.broken: set[str] = set()
        self.handshake_broken = False
        if opened:
            self.deliver_all()

    # --- honest steps -----------------------------------------------------------------------------------------------

    @rule(direction=DIRECTIONS, body=st.binary(min_size=1, max_size=80), channel=st.sampled_from(list(Channel)[1:]))
    def send(self, direction: str, body: bytes, channel: Channel) -> None:
        if self.pair.sender(direction).state is LinkState.OPEN:
            self.pair.sender(direction).seal(channel, body)
            self.sent[direction].append(Received(channel, body))
            self.pair.collect()

    @rule(direction=DIRECTIONS)
    def deliver(self, direction: str) -> None:
        if self._can_receive(direction) and self.pair.wire[direction]:
            self._give(direction, self.pair.wire[direction].popleft(), tampered=direction in self.broken)

    @rule()
    def deliver_all(self) -> None:
        for _ in range(20):
            for direction in (O2A, A2O):
                self.deliver(direction)

    # --- attacks ----------------------------------------------------------------------------------------------------

    @rule(direction=DIRECTIONS)
    def drop(self, direction: str) -> None:
        if self.pair.wire[direction]:
            self.pair.wire[direction].popleft()
            self.broken.add(direction)

    @rule(direction=DIRECTIONS, index=st.integers(0, 50))
    def duplicate(self, direction: str, index: int) -> None:
        if self._can_receive(direction) and self.passed[direction]:
            old = self.passed[direction]
            self._give(direction, old[index % len(old)], tampered=True)

    @rule(direction=DIRECTIONS)
    def swap(self, direction: str) -> None:
        wire = self.pair.wire[direction]
        if self._can_receive(direction) and len(wire) > 1:
            first, second = wire.popleft(), wire.popleft()
            wire.appendleft(first)
            self._give(direction, second, tampered=True)

    @rule(direction=DIRECTIONS, keep=st.integers(0, 200))
    def truncate(self, direction: str, keep: int) -> None:
        self._change_head(direction, lambda data: data[: keep % len(data)])

    @rule(direction=DIRECTIONS, extra=st.binary(min_size=1, max_size=20))
    def extend(self, direction: str, extra: bytes) -> None:
        self._change_head(direction, lambda data: data + extra)

    @rule(direction=DIRECTIONS, at=st.integers(0, 500), change=st.integers(1, 255))
    def flip(self, direction: str, at: int, change: int) -> None:
        self._change_head(direction, lambda data: _xored(data, at % len(data), change))

    @rule(direction=DIRECTIONS, at=st.integers(0, 5), value=st.integers(0, 3))
    def downgrade(self, direction: str, at: int, value: int) -> None:
        """Version, suite, channel and epoch bytes."""
        self._change_head(direction, lambda data: data[:at] + bytes([value]) + data[at + 1 :])

    @rule(direction=DIRECTIONS, index=st.integers(0, 50))
    def reflect(self, direction: str, index: int) -> None:
        own = self.pair.log[A2O if direction == O2A else O2A]
        if self._can_receive(direction) and own:
            self._give(direction, own[index % len(own)], tampered=True)

    @rule(direction=DIRECTIONS, index=st.integers(0, 50))
    def splice(self, direction: str, index: int) -> None:
        """A message of another session."""
        if self._can_receive(direction):
            self._give(direction, self.foreign[direction][index % len(self.foreign[direction])], tampered=True)

    # --- rules of the game ------------------------------------------------------------------------------------------

    def _can_receive(self, direction: str) -> bool:
        return self.pair.receiver(direction).state is not LinkState.DEAD

    def _change_head(self, direction: str, change: object) -> None:
        wire = self.pair.wire[direction]
        if self._can_receive(direction) and wire:
            data = wire.popleft()
            changed: bytes = change(data)  # type: ignore[operator]
            self._give(direction, changed, tampered=changed != data or direction in self.broken)

    def _give(self, direction: str, data: bytes, tampered: bool) -> None:
        receiver = self.pair.receiver(direction)
        must_fail = tampered and receiver.state in SEALED
        self.passed[direction].append(data)
        try:
            self.pair.deliver(direction, data)
        except RemoteProtocolError:
            assert receiver.state is LinkState.DEAD
            assert tampered or self.handshake_broken or self.broken, "an honest message was refused"
            return
        assert not must_fail, "a false frame was accepted"
        self.handshake_broken |= tampered

    @invariant()
    @precondition(lambda self: hasattr(self, "pair"))
    def only_what_was_sent_arrives_and_in_order(self) -> None:
        for direction in (O2A, A2O):
            got = [e for e in self.pair.events[direction] if isinstance(e, Received)]
            assert got == self.sent[direction][: len(got)]

    @invariant()
    @precondition(lambda self: hasattr(self, "pair"))
    def nobody_believes_in_a_handshake_that_was_changed(self) -> None:
        known = [e for events in self.pair.events.values() for e in events if isinstance(e, Established)]
        assert not (self.handshake_broken and known)
        assert len({(e.sas, e.resume_secret) for e in known}) <= 1


def _xored(data: bytes, at: int, change: int) -> bytes:
    return data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]


TestHostileRelay = HostileRelay.TestCase
TestHostileRelay.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_an_honest_relay_is_no_attack() -> None:
    """The machine above would pass if nothing ever arrived; this shows that everything does."""
    pair = open_pair(limits=LIMITS)
    for i in range(20):
        pair.agent.seal(Channel.SCREEN, bytes([i + 1]))
    pair.ferry()
    assert [e.body for e in pair.events[A2O][1:] if isinstance(e, Received)] == [bytes([i + 1]) for i in range(20)]
    assert pair.wire == {O2A: deque(), A2O: deque()}
