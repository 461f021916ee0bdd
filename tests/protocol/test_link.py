"""Two links back to back: opening, rekeying, resuming, and who is allowed to say what when."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pair import (
    A2O,
    AGENT,
    AGENT_KEY,
    CONSOLE,
    CONSOLE_KEY,
    O2A,
    SID,
    ManualClock,
    Pair,
    make_pair,
    open_pair,
    seeded,
)

from wizhelper.protocol import control, secure
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError
from wizhelper.protocol.frames import decode_header
from wizhelper.protocol.link import AgentLink, ConsoleLink, LinkState, Received
from wizhelper.protocol.secure import RekeyLimits, Sealer

RESUME = b"\x0a" * 32


def test_both_ends_learn_who_the_other_is_and_the_same_number() -> None:
    """SYS-CRYPT-DEFAULT: there is no link without end-to-end encryption."""
    pair = open_pair()
    agent_side, console_side = pair.established(O2A), pair.established(A2O)

    assert pair.is_open
    assert (agent_side.peer, console_side.peer) == (CONSOLE, AGENT)
    assert agent_side.sas == console_side.sas
    assert agent_side.resume_secret == console_side.resume_secret
    assert not agent_side.resumed


def test_messages_arrive_in_order_on_their_channels() -> None:
    pair = open_pair()
    pair.agent.seal(Channel.SCREEN, b"picture")
    pair.agent.seal(Channel.CONTROL, control.encode(control.Ping(7)))
    pair.console.seal(Channel.INPUT, b"\x05")
    pair.ferry()

    assert pair.events[A2O][1:] == [
        Received(Channel.SCREEN, b"picture"),
        Received(Channel.CONTROL, control.encode(control.Ping(7))),
    ]
    assert pair.events[O2A][1:] == [Received(Channel.INPUT, b"\x05")]


def test_nothing_that_was_sealed_shows_on_the_wire() -> None:
    """OP-SET-CRYPT: the relay sees neither the text nor its length."""
    pair = open_pair()
    for text in (b"a", b"a secret of some length"):
        pair.console.seal(Channel.INPUT, text)
    pair.ferry()

    short, long = pair.log[O2A][-2:]
    assert b"secret" not in b"".join(pair.log[O2A])
    assert len(short) == len(long)


def test_an_end_may_not_speak_before_the_link_is_open() -> None:
    pair = make_pair()
    for link in (pair.console, pair.agent):
        with pytest.raises(LocalProtocolError, match="LINK_NOT_OPEN"):
            link.seal(Channel.INPUT, b"early")


def test_the_first_bad_byte_kills_the_link_for_good() -> None:
    pair = open_pair()
    pair.agent.seal(Channel.SCREEN, b"picture")
    pair.collect()
    good = pair.wire[A2O].popleft()

    with pytest.raises(RemoteProtocolError):
        pair.console.receive(good[:-1])

    assert pair.console.state is LinkState.DEAD
    with pytest.raises(LocalProtocolError, match="LINK_DEAD"):
        pair.console.receive(good)
    with pytest.raises(LocalProtocolError):
        pair.console.seal(Channel.INPUT, b"\x05")


# --- identities -----------------------------------------------------------------------------------------------------


def test_the_agent_says_who_it_is_only_after_m3() -> None:
    pair = make_pair()
    pair.deliver(O2A, pair.wire[O2A].popleft())
    assert len(pair.log[A2O]) == 1
    assert AGENT.name.encode() not in pair.log[A2O][0]


def _sealer(pair: Pair) -> Sealer:
    """The agent's sealing half, to send what a correct agent would not."""
    return pair.agent._sealer


def test_another_message_before_the_identity_is_refused() -> None:
    pair = make_pair()
    pair.deliver(O2A, pair.wire[O2A].popleft())
    pair.deliver(A2O, pair.wire[A2O].popleft())
    pair.agent.receive(pair.wire[O2A].popleft())
    pair.agent._sealer = type(pair.agent._sealer)(pair.agent._keys.a2o, lambda: 0.0)

    with pytest.raises(RemoteProtocolError, match="BAD_AUTH"):
        pair.console.receive(_sealer(pair).seal(Channel.SCREEN, b"too early"))


def test_a_second_identity_is_refused() -> None:
    pair = open_pair()
    again = control.encode_auth("A", pair.agent._keys.th, AGENT, AGENT_KEY)
    with pytest.raises(RemoteProtocolError, match="BAD_AUTH"):
        pair.console.receive(_sealer(pair).seal(Channel.CONTROL, again))


def test_a_key_that_is_not_ones_own_cannot_be_named() -> None:
    console = ConsoleLink(SID, CONSOLE, CONSOLE_KEY, lambda: 0.0, None, seeded(1))
    agent = AgentLink(SID, AGENT, CONSOLE_KEY, lambda: 0.0, None, seeded(2))
    pair = Pair(console, agent)
    with pytest.raises(RemoteProtocolError, match="BAD_SIGNATURE"):
        pair.ferry()
    assert console.state is LinkState.DEAD


def test_a_man_in_the_middle_cannot_pass_on_the_identity_of_either_end() -> None:
    """The signature covers the transcript, so it does not fit the other handshake."""
    real, false = make_pair(1), make_pair(2)
    real.ferry()
    false.ferry()
    identity = control.encode_auth("A", real.agent._keys.th, AGENT, AGENT_KEY)
    with pytest.raises(RemoteProtocolError, match="BAD_SIGNATURE"):
        control.decode_auth("A", false.console._keys.th, identity)


def test_a_relay_that_swaps_keys_gives_each_end_another_number() -> None:
    """It may play both parts with signing keys of its own, but the numbers read aloud differ."""
    with_console, with_agent = open_pair(1), open_pair(2)
    assert with_console.established(A2O).sas != with_agent.established(O2A).sas
    assert with_console.established(A2O).resume_secret != with_agent.established(O2A).resume_secret


# --- rekeying -------------------------------------------------------------------------------------------------------


def _epochs(pair: Pair, direction: str, handshake_messages: int) -> list[int]:
    return [decode_header(frame).epoch for frame in pair.log[direction][handshake_messages:]]


def test_a_new_key_after_so_many_frames() -> None:
    pair = open_pair(limits=RekeyLimits(frames=3))
    for i in range(5):
        pair.agent.seal(Channel.SCREEN, bytes([i + 1]))
    pair.ferry()

    # m4 and two pictures, the announcement, then the next three, and so on.
    assert _epochs(pair, A2O, 1) == [0, 0, 0, 0, 1, 1, 1]
    assert [e.body for e in pair.events[A2O][1:] if isinstance(e, Received)] == [bytes([i + 1]) for i in range(5)]


def test_a_new_key_after_so_many_bytes() -> None:
    pair = open_pair(limits=RekeyLimits(size_bytes=2000))
    for _ in range(3):
        pair.agent.seal(Channel.SCREEN, bytes(1200))
    pair.ferry()
    assert _epochs(pair, A2O, 1) == [0, 0, 0, 0, 1]


def test_a_new_key_after_so_much_time() -> None:
    clock = ManualClock()
    pair = open_pair(clock=clock)
    clock.now = secure.REKEY_SECONDS - 1
    pair.console.seal(Channel.INPUT, b"\x05")
    clock.now = secure.REKEY_SECONDS
    pair.console.seal(Channel.INPUT, b"\x05")
    pair.ferry()
    assert _epochs(pair, O2A, 2) == [0, 0, 0, 1]
    assert len(pair.events[O2A]) == 3


def test_the_sequence_number_goes_on_over_a_new_key() -> None:
    pair = open_pair(limits=RekeyLimits(frames=2))
    for _ in range(6):
        pair.agent.seal(Channel.SCREEN, b"x")
    pair.ferry()
    assert [decode_header(f).seq for f in pair.log[A2O][1:]] == list(range(len(pair.log[A2O]) - 1))


def test_the_limits_keep_far_from_what_aes_gcm_allows() -> None:
    """2^32 blocks per key, each frame at most 4 MiB, are the bound that the limits were chosen for."""
    assert secure.REKEY_BYTES // 16 <= 1 << 30
    assert secure.REKEY_FRAMES <= 1 << 20


# --- reconnecting ---------------------------------------------------------------------------------------------------


def test_a_reconnect_is_a_new_handshake_that_proves_the_old_link() -> None:
    before = open_pair(1).established(O2A)
    pair = make_pair(2, console_resume=before.resume_secret, agent_resume=before.resume_secret)
    pair.ferry()
    after = pair.established(O2A)

    assert after.resumed
    assert pair.established(A2O).resumed
    assert after.sas != before.sas
    assert after.resume_secret != before.resume_secret


def test_resuming_without_the_secret_ends_the_link() -> None:
    pair = make_pair(console_resume=RESUME)
    with pytest.raises(RemoteProtocolError, match="RESUME_UNKNOWN"):
        pair.ferry()
    assert pair.agent.state is LinkState.DEAD


def test_another_resume_secret_opens_nothing() -> None:
    pair = make_pair(console_resume=RESUME, agent_resume=b"\x0b" * 32)
    with pytest.raises(RemoteProtocolError, match="does not open"):
        pair.ferry()
    assert not any(pair.events.values())


class RecordingAead:
    """AES-256-GCM that remembers what it was sealed with."""

    used: list[tuple[bytes, bytes]] = []

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._inner = AESGCM(key)

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        self.used.append((self._key, nonce))
        return self._inner.encrypt(nonce, data, associated)

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        return self._inner.decrypt(nonce, data, associated)


def test_no_key_and_nonce_are_ever_used_twice_over_five_reconnects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordingAead, "used", [])
    monkeypatch.setattr(secure, "AESGCM", RecordingAead)
    resume: bytes | None = None
    for seed in range(6):
        pair = make_pair(seed, console_resume=resume, agent_resume=resume, limits=RekeyLimits(frames=7))
        pair.ferry()
        for _ in range(50):
            pair.agent.seal(Channel.SCREEN, b"picture")
            pair.console.seal(Channel.INPUT, b"\x05")
        pair.ferry()
        resume = pair.established(O2A).resume_secret

    assert len(RecordingAead.used) > 6 * 100
    assert len(set(RecordingAead.used)) == len(RecordingAead.used)
