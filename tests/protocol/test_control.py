"""Channel 0: control messages and the signed identity."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hostile import mutated, outcome
from hypothesis import given
from hypothesis import strategies as st
from pair import AGENT, AGENT_KEY, CONSOLE_KEY

from wizhelper.protocol import control
from wizhelper.protocol.control import End, Ping, Pong, Rekey, Welcome
from wizhelper.protocol.errors import RemoteProtocolError

TH = b"\x11" * 32
SAMPLES: list[control.ControlMessage] = [
    Welcome(("view",), "required", "number", True),
    End("operator_ended"),
    Ping(0),
    Pong(2**64 - 1),
    Rekey(),
]


@pytest.mark.parametrize("message", SAMPLES, ids=lambda m: type(m).__name__)
def test_a_message_comes_back_as_it_was(message: control.ControlMessage) -> None:
    assert control.decode(control.encode(message)) == message


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"\x01", b"\x02\x00", b"\x05" + bytes(7), b"\x05" + bytes(9), b"\x07", b"\x04{}", b"\x03[]"]
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_CONTROL"):
        control.decode(body)


@given(mutated([control.encode(m) for m in SAMPLES]) | st.binary(max_size=100))
def test_changed_messages_are_read_or_refused(body: bytes) -> None:
    message = outcome(control.decode, body)
    if message is not None:
        assert control.decode(control.encode(message)) == message


def test_an_identity_is_known_by_its_signature() -> None:
    assert control.decode_auth("A", TH, control.encode_auth("A", TH, AGENT, AGENT_KEY)) == AGENT


def test_a_signature_fits_one_side_one_handshake_and_one_key() -> None:
    """So it can be neither reflected nor carried into another session nor made for somebody else's key."""
    body = control.encode_auth("A", TH, AGENT, AGENT_KEY)
    by_another = control.encode_auth("A", TH, AGENT, CONSOLE_KEY)
    for side, th, data in (("O", TH, body), ("A", b"\x12" * 32, body), ("A", TH, by_another)):
        with pytest.raises(RemoteProtocolError, match="BAD_SIGNATURE"):
            control.decode_auth(side, th, data)


@pytest.mark.parametrize("key", ["", "00", "0" * 63, "0" * 65, "G" * 64, AGENT.key.upper()])
def test_a_key_is_named_in_one_way_only(key: str) -> None:
    body = control.encode_auth("A", TH, replace(AGENT, key=key), AGENT_KEY)
    with pytest.raises(RemoteProtocolError, match="BAD_AUTH"):
        control.decode_auth("A", TH, body)


def test_the_identity_is_limited_to_the_byte() -> None:
    def body(name_bytes: int) -> bytes:
        return control.encode_auth("A", TH, replace(AGENT, name="n" * name_bytes), AGENT_KEY)

    rest = len(body(0)) - 3 - 64
    longest = control.MAX_IDENTITY_BYTES - rest
    assert len(control.decode_auth("A", TH, body(longest)).name) == longest
    with pytest.raises(RemoteProtocolError, match="length"):
        control.decode_auth("A", TH, body(longest + 1))


@given(mutated([control.encode_auth("A", TH, AGENT, AGENT_KEY)]))
def test_no_changed_identity_is_believed(body: bytes) -> None:
    identity = outcome(lambda data: control.decode_auth("A", TH, data), body)
    assert identity is None or identity == AGENT
