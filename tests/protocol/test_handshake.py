"""WH1, m1 to m3: both ends get the same keys, or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair import SID, seeded

from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError
from wizhelper.protocol.handshake import (
    M1_BYTES,
    M2_BYTES,
    M3_BYTES,
    AgentHandshake,
    ConsoleHandshake,
    SessionKeys,
    Suite,
    commitment,
)

RESUME = b"\x0a" * 32


def _run(console: ConsoleHandshake, agent: AgentHandshake) -> tuple[SessionKeys, SessionKeys]:
    m3, of_console = console.receive_m2(agent.receive_m1(console.m1))
    return of_console, agent.receive_m3(m3)


def _handshake(
    seed: int = 1, console_resume: bytes | None = None, agent_resume: bytes | None = None, sid: bytes = SID
) -> tuple[ConsoleHandshake, AgentHandshake]:
    console = ConsoleHandshake(sid, console_resume, seeded(2 * seed))
    return console, AgentHandshake(SID, agent_resume, seeded(2 * seed + 1))


def test_both_ends_get_the_same_keys() -> None:
    of_console, of_agent = _run(*_handshake())
    assert of_console == of_agent
    assert len({of_console.o2a, of_console.a2o, of_console.resume, of_console.th}) == 4


def test_the_messages_have_fixed_lengths() -> None:
    console, agent = _handshake()
    m2 = agent.receive_m1(console.m1)
    m3, _ = console.receive_m2(m2)
    assert (len(console.m1), len(m2), len(m3)) == (M1_BYTES, M2_BYTES, M3_BYTES) == (34, 66, 64)


@given(st.integers(1, 10**9))
@settings(max_examples=50, deadline=None)
def test_the_confirmation_number_has_six_digits(seed: int) -> None:
    keys, _ = _run(*_handshake(seed))
    assert len(keys.sas) == 6
    assert keys.sas.isdecimal()


def test_another_session_id_gives_other_keys() -> None:
    of_console, of_agent = _run(*_handshake(sid=b"\x01" * 16))
    assert not {of_console.o2a, of_console.a2o, of_console.th} & {of_agent.o2a, of_agent.a2o, of_agent.th}


def test_the_resume_secret_is_mixed_in() -> None:
    fresh, _ = _run(*_handshake())
    resumed, of_agent = _run(*_handshake(console_resume=RESUME, agent_resume=RESUME))
    assert resumed == of_agent
    assert resumed.o2a != fresh.o2a


def test_two_different_resume_secrets_give_different_keys() -> None:
    of_console, of_agent = _run(*_handshake(console_resume=RESUME, agent_resume=b"\x0b" * 32))
    assert of_console.a2o != of_agent.a2o


def test_the_console_decides_on_resuming_and_the_agent_says_which_it_was() -> None:
    console, agent = _handshake(agent_resume=RESUME)
    assert _run(console, agent)[0] == _run(*_handshake())[0]
    assert agent.resumed is False


def test_resuming_what_the_agent_does_not_remember_is_refused() -> None:
    console, agent = _handshake(console_resume=RESUME)
    with pytest.raises(RemoteProtocolError, match="RESUME_UNKNOWN"):
        agent.receive_m1(console.m1)


@pytest.mark.parametrize("change", [(0, 0), (0, 2), (1, 0), (1, 3), (1, 255)])
def test_m1_of_an_unknown_version_or_suite_is_refused(change: tuple[int, int]) -> None:
    console, agent = _handshake(agent_resume=RESUME)
    m1 = bytearray(console.m1)
    m1[change[0]] = change[1]
    with pytest.raises(RemoteProtocolError, match="BAD_HANDSHAKE"):
        agent.receive_m1(bytes(m1))


@pytest.mark.parametrize("change", [(0, 2), (1, Suite.X25519_RESUME), (1, 7)])
def test_m2_must_repeat_version_and_suite(change: tuple[int, int]) -> None:
    console, agent = _handshake()
    m2 = bytearray(agent.receive_m1(console.m1))
    m2[change[0]] = change[1]
    with pytest.raises(RemoteProtocolError, match="BAD_HANDSHAKE"):
        console.receive_m2(bytes(m2))


def test_a_suite_taken_down_in_both_messages_gives_other_keys() -> None:
    """The relay asks the agent for suite 1 and tells the console that it was suite 2."""
    console, agent = _handshake(console_resume=RESUME, agent_resume=RESUME)
    m2 = agent.receive_m1(bytes([console.m1[0], Suite.X25519]) + console.m1[2:])
    m3, of_console = console.receive_m2(bytes([m2[0], Suite.X25519_RESUME]) + m2[2:])
    assert agent.receive_m3(m3).a2o != of_console.a2o


@pytest.mark.parametrize("length", [-1, 1])
def test_a_message_of_another_length_is_refused(length: int) -> None:
    def other(data: bytes) -> bytes:
        return data[:length] if length < 0 else data + b"\x00"

    console, agent = _handshake()
    m2 = agent.receive_m1(console.m1)
    m3, _ = console.receive_m2(m2)
    for refuse in (
        lambda: _handshake()[1].receive_m1(other(console.m1)),
        lambda: console.receive_m2(other(m2)),
        lambda: agent.receive_m3(other(m3)),
    ):
        with pytest.raises(RemoteProtocolError, match="BAD_HANDSHAKE"):
            refuse()


@given(st.integers(0, 8 * M3_BYTES - 1))
@settings(deadline=None)
def test_m3_must_be_what_m1_committed_to(bit: int) -> None:
    """So a man in the middle cannot choose a key after he has seen the agent's."""
    console, agent = _handshake()
    m3, _ = console.receive_m2(agent.receive_m1(console.m1))
    changed = bytearray(m3)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteProtocolError, match="commitment"):
        agent.receive_m3(bytes(changed))


def test_a_key_of_low_order_is_refused_by_both() -> None:
    console, agent = _handshake()
    m2 = agent.receive_m1(console.m1)
    with pytest.raises(RemoteProtocolError, match="low order"):
        console.receive_m2(m2[:2] + bytes(32) + m2[34:])

    nonce = b"\x05" * 32
    agent.receive_m1(console.m1[:2] + commitment(bytes(32), nonce))
    with pytest.raises(RemoteProtocolError, match="low order"):
        agent.receive_m3(bytes(32) + nonce)


@given(st.integers(0, 8 * M2_BYTES - 1))
@settings(deadline=None, max_examples=50)
def test_a_changed_m2_is_refused_or_gives_keys_that_fit_nobody(bit: int) -> None:
    console, agent = _handshake()
    changed = bytearray(agent.receive_m1(console.m1))
    changed[bit // 8] ^= 1 << bit % 8
    try:
        m3, of_console = console.receive_m2(bytes(changed))
    except RemoteProtocolError:
        return
    of_agent = agent.receive_m3(m3)
    assert (of_console.a2o, of_console.o2a) != (of_agent.a2o, of_agent.o2a)


def test_a_relay_that_swaps_keys_makes_the_numbers_differ() -> None:
    """The man in the middle runs one handshake with each end; each end has its own number: 1,000 of 1,000 times."""
    differing = 0
    for seed in range(1, 1001):
        console, agent = _handshake(seed)
        to_console = AgentHandshake(SID, None, seeded(-4 * seed - 1))
        to_agent = ConsoleHandshake(SID, None, seeded(-4 * seed - 2))
        differing += _run(console, to_console)[0].sas != _run(to_agent, agent)[0].sas
    assert differing == 1000


@pytest.mark.parametrize(("sid", "resume"), [(b"", None), (bytes(15), None), (bytes(17), None), (SID, bytes(31))])
def test_an_id_or_secret_of_another_length_is_our_own_mistake(sid: bytes, resume: bytes | None) -> None:
    for make in (ConsoleHandshake, AgentHandshake):
        with pytest.raises(LocalProtocolError, match="BAD_KEY"):
            make(sid, resume, seeded(1))
