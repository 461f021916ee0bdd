"""Frame header and padding: exact lengths, known values, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.protocol import frames
from wizhelper.protocol.channels import PAD_BLOCK, PADDED, Channel
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

MINIMUM = frames.HEADER.size + frames.TAG_BYTES + 1


def _frame(length: int, version: int = 1, channel: int = 1) -> bytes:
    return frames.HEADER.pack(version, channel, 2, 3).ljust(length, b"\x00")


def test_a_header_has_fourteen_bytes_big_endian() -> None:
    data = frames.encode_header(frames.Header(Channel.INPUT, 0x01020304, 0x05060708090A0B0C))
    assert data.hex() == "01020102030405060708090a0b0c"


@pytest.mark.parametrize("length", [MINIMUM, frames.MAX_FRAME_BYTES])
def test_the_shortest_and_the_longest_frame_are_read(length: int) -> None:
    assert frames.decode_header(_frame(length)) == frames.Header(Channel.SCREEN, 2, 3)


@pytest.mark.parametrize("length", [0, 1, frames.HEADER.size, MINIMUM - 1, frames.MAX_FRAME_BYTES + 1])
def test_a_frame_that_is_too_short_or_too_long_is_refused(length: int) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_FRAME"):
        frames.decode_header(_frame(max(length, frames.HEADER.size))[:length] if length < 14 else _frame(length))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused(version: int) -> None:
    with pytest.raises(RemoteProtocolError, match="version"):
        frames.decode_header(_frame(MINIMUM, version=version))


@pytest.mark.parametrize("channel", [max(Channel) + 1, 255])
def test_an_unknown_channel_is_refused(channel: int) -> None:
    with pytest.raises(RemoteProtocolError, match="channel"):
        frames.decode_header(_frame(MINIMUM, channel=channel))


@given(st.sampled_from(Channel), st.binary(min_size=1, max_size=300))
def test_padding_is_undone_exactly(channel: Channel, body: bytes) -> None:
    assert frames.unpad(channel, frames.pad(channel, body)) == body


@given(st.sampled_from(sorted(PADDED)), st.binary(min_size=1, max_size=300))
def test_a_padded_length_says_only_how_many_blocks(channel: Channel, body: bytes) -> None:
    """OP-SET-CRYPT: the length of a key stroke or a chat word does not show."""
    padded = frames.pad(channel, body)
    assert len(padded) % PAD_BLOCK == 0
    assert len(padded) - len(body) <= PAD_BLOCK


@given(st.sampled_from(sorted(PADDED)), st.binary(max_size=200))
def test_a_body_has_one_padding_only(channel: Channel, plaintext: bytes) -> None:
    """What unpads is what pad would have made: no second spelling hides information."""
    try:
        body = frames.unpad(channel, plaintext)
    except RemoteProtocolError:
        return
    assert frames.pad(channel, body) == plaintext


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        bytes(64),
        b"a" * 64,
        b"a" + b"\x80" + bytes(61),
        b"a" * 63 + b"\x80" + bytes(64),
        b"\x80" + bytes(63),
        b"a\x80" + bytes(61) + b"\x01",
    ],
)
def test_malformed_padding_is_refused(plaintext: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_FRAME"):
        frames.unpad(Channel.CONTROL, plaintext)


def test_an_empty_body_is_refused_on_both_sides() -> None:
    with pytest.raises(LocalProtocolError):
        frames.pad(Channel.SCREEN, b"")
    with pytest.raises(RemoteProtocolError):
        frames.unpad(Channel.SCREEN, b"")


def test_the_longest_body_still_fits_one_frame() -> None:
    longest = bytes(frames.MAX_BODY_BYTES)
    for channel in (Channel.SCREEN, Channel.CONTROL):
        assert frames.HEADER.size + len(frames.pad(channel, longest)) + frames.TAG_BYTES <= frames.MAX_FRAME_BYTES
    with pytest.raises(LocalProtocolError, match="BAD_LENGTH"):
        frames.pad(Channel.SCREEN, longest + b"\x00")
