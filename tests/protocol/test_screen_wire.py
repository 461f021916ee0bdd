"""Channel 1: updates and their operations, and what the viewer says back."""

from __future__ import annotations

import pytest
from hostile import mutated, outcome
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.protocol import screen
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.screen import Ack, Caps, Op, OpKind, Pause, Refresh, Stats, Update, ViewRequest

U16, I16, U32 = st.integers(0, 0xFFFF), st.integers(-0x8000, 0x7FFF), st.integers(0, 0xFFFFFFFF)
OPS = st.builds(Op, st.sampled_from(OpKind), U16, U16, U16, U16, I16, I16, st.binary(max_size=40))
UPDATES = st.builds(Update, U32, U32, st.lists(OPS, max_size=6).map(tuple))
SAMPLE = Update(7, 8, (Op(OpKind.ZRESET), Op(OpKind.JPEG, 1, 2, 3, 4, data=b"\xff\xd8"), Op(OpKind.CURPOS, 5, 6)))
VIEWER: list[screen.ViewerMessage] = [
    Ack(2**32 - 1, 65535),
    Caps(("vp8", "vp9")),
    Refresh(),
    ViewRequest("compatible", False),
    Pause(True),
    Pause(False),
]
STATS = Stats(None, 30.0, 12.5, "fast", 1920, 1080)


@given(UPDATES)
def test_an_update_comes_back_as_it_was(update: Update) -> None:
    assert screen.decode_update(update.encode()) == update


def test_counters_wrap_at_two_to_the_32() -> None:
    assert screen.decode_update(Update(2**32 + 5, 2**32 + 6, ()).encode()) == Update(5, 6, ())


@given(UPDATES, st.integers(1, 400))
def test_an_update_that_is_cut_short_is_refused_or_ends_at_an_operation(update: Update, cut: int) -> None:
    whole = update.encode()
    found = outcome(screen.decode_update, whole[:-cut] if cut < len(whole) else b"")
    assert found is None or found.ops == update.ops[: len(found.ops)]


def test_the_number_of_operations_is_limited() -> None:
    def body(count: int) -> bytes:
        return Update(1, 1, (Op(OpKind.ZRESET),) * count).encode()

    assert len(screen.decode_update(body(screen.MAX_OPS)).ops) == screen.MAX_OPS
    with pytest.raises(RemoteProtocolError, match="operation list"):
        screen.decode_update(body(screen.MAX_OPS + 1))


@pytest.mark.parametrize("kind", [0, 9, 255])
def test_an_unknown_operation_is_refused(kind: int) -> None:
    body = bytearray(Update(1, 1, (Op(OpKind.ZRESET),)).encode())
    body[9] = kind
    with pytest.raises(RemoteProtocolError, match="BAD_SCREEN"):
        screen.decode_update(bytes(body))


def test_a_length_beyond_the_message_is_refused_before_anything_is_copied() -> None:
    body = bytearray(Update(1, 1, (Op(OpKind.JPEG),)).encode())
    body[-4:] = b"\xff\xff\xff\xff"
    with pytest.raises(RemoteProtocolError, match="cut short"):
        screen.decode_update(bytes(body))


def test_rectangles_of_a_zstd_operation_come_back() -> None:
    rects = [(0, 0, 64, 32), (1, 2, 3, 4)]
    assert screen.decode_zstd_data(screen.zstd_data(rects, b"chunk")) == (rects, b"chunk")


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00", b"\x00\x01" + bytes(7), b"\xff\xff" + bytes(100)])
def test_rectangles_that_are_not_there_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="zstd"):
        screen.decode_zstd_data(data)


@pytest.mark.parametrize("message", VIEWER, ids=repr)
def test_a_viewer_message_comes_back_as_it_was(message: screen.ViewerMessage) -> None:
    """RC-REFRESH, RC-CAPMODE."""
    assert screen.decode_viewer(screen.encode_viewer(message)) == message


@pytest.mark.parametrize(
    "body",
    [b"", b"\x01", b"\x10" + bytes(5), b"\x10" + bytes(7), b"\x12\x00", b"\x14", b"\x14\x02", b"\x13[]", b"\x15"],
)
def test_any_other_viewer_message_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_SCREEN"):
        screen.decode_viewer(body)


def test_statistics_come_back_and_other_types_are_refused() -> None:
    body = screen.encode_stats(STATS)
    assert screen.decode_stats(body) == STATS
    for other in (b"", b"\x01" + body[1:], body[1:]):
        with pytest.raises(RemoteProtocolError, match="BAD_SCREEN"):
            screen.decode_stats(other)


@given(mutated([SAMPLE.encode()]) | st.binary(max_size=100))
def test_changed_updates_are_read_or_refused_and_have_one_spelling(body: bytes) -> None:
    update = outcome(screen.decode_update, body)
    assert update is None or update.encode() == body


@given(mutated([*(screen.encode_viewer(m) for m in VIEWER), screen.encode_stats(STATS)]) | st.binary(max_size=100))
def test_changed_messages_are_read_or_refused(body: bytes) -> None:
    outcome(screen.decode_viewer, body)
    outcome(screen.decode_stats, body)
    outcome(screen.decode_zstd_data, body)
