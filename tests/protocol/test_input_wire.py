"""Channel 2: pointer, keys and text on the wire."""

from __future__ import annotations

import pytest
from hostile import mutated, outcome
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.protocol import input
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.input import Key, Pointer, Release, Text, Wheel

U16, I16 = st.integers(0, 0xFFFF), st.integers(-0x8000, 0x7FFF)
CODES = st.text("ABCXYZabcxyz019", min_size=1, max_size=input.MAX_CODE_LENGTH)
MESSAGES = (
    st.builds(Key, CODES, st.booleans())
    | st.builds(Text, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
    | st.builds(Pointer, U16, U16, st.integers(0, input.ALL_BUTTONS))
    | st.builds(Wheel, U16, U16, I16, I16)
    | st.just(Release())
)
SAMPLES = [
    input.encode(m) for m in (Key("KeyA", True), Text("안녕"), Pointer(1, 2, 3), Wheel(1, 2, -120, 120), Release())
]


@given(MESSAGES)
def test_a_message_comes_back_as_it_was(message: input.InputMessage) -> None:
    assert input.decode(input.encode(message)) == message


@pytest.mark.parametrize("code", ["A" * input.MAX_CODE_LENGTH, "F1"])
def test_a_key_code_is_a_short_word(code: str) -> None:
    assert input.decode(b"\x01\x01" + code.encode()) == Key(code, True)


@pytest.mark.parametrize(
    "body",
    [
        b"\x01\x01",
        b"\x01\x01" + b"A" * (input.MAX_CODE_LENGTH + 1),
        b"\x01\x02KeyA",
        b"\x01\x01Key A",
        b"\x01\x01Key\x00",
        "\x01\x01키".encode(),
        b"\x01\x01\xc2\xb2",
    ],
)
def test_another_key_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_INPUT"):
        input.decode(body)


def test_text_is_limited_to_the_byte() -> None:
    assert input.decode(b"\x02" + b"a" * input.MAX_TEXT_BYTES) == Text("a" * input.MAX_TEXT_BYTES)
    for body in (b"\x02", b"\x02" + b"a" * (input.MAX_TEXT_BYTES + 1), b"\x02\xed\xa0\x80", b"\x02\xc0\x80"):
        with pytest.raises(RemoteProtocolError, match="BAD_INPUT"):
            input.decode(body)


@pytest.mark.parametrize("buttons", [0b100000, 0xFF])
def test_a_button_that_no_mouse_has_is_refused(buttons: int) -> None:
    with pytest.raises(RemoteProtocolError, match="buttons"):
        input.decode(b"\x03" + bytes(4) + bytes([buttons]))


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x06", *(s + b"\x00" for s in SAMPLES if s[0] in (3, 4, 5))])
def test_another_type_or_length_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_INPUT"):
        input.decode(body)


@given(mutated(SAMPLES) | st.binary(max_size=60))
def test_changed_messages_are_read_or_refused_and_have_one_spelling(body: bytes) -> None:
    message = outcome(input.decode, body)
    assert message is None or input.encode(message) == body
