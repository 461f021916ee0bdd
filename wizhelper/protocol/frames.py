"""The frame: what travels after the handshake, one frame in one binary WebSocket message.

    01 | channel u8 | epoch u32 | seq u64 | ciphertext and tag of AES-256-GCM        (big-endian)

The 14 header bytes are the additional data, epoch | seq is the nonce. `seq` counts all frames of one direction over all
channels and epochs; a receiver accepts exactly the next one. Source: docs/protocol.md, "Frames".
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from wizhelper.protocol.channels import PAD_BLOCK, PADDED, Channel
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

VERSION = 1
HEADER = struct.Struct(">BBIQ")
TAG_BYTES = 16
MAX_FRAME_BYTES = 4 * 1024 * 1024
MAX_BODY_BYTES = MAX_FRAME_BYTES - HEADER.size - TAG_BYTES - PAD_BLOCK


class Header(NamedTuple):
    channel: Channel
    epoch: int
    seq: int


def encode_header(header: Header) -> bytes:
    return HEADER.pack(VERSION, header.channel, header.epoch, header.seq)


def decode_header(frame: bytes) -> Header:
    """Raises RemoteProtocolError("BAD_FRAME") for a wrong length, version or channel."""
    if not HEADER.size + TAG_BYTES < len(frame) <= MAX_FRAME_BYTES:
        raise RemoteProtocolError("BAD_FRAME", f"{len(frame)} bytes")
    version, channel, epoch, seq = HEADER.unpack_from(frame)
    if version != VERSION:
        raise RemoteProtocolError("BAD_FRAME", f"version {version}")
    try:
        return Header(Channel(channel), epoch, seq)
    except ValueError:
        raise RemoteProtocolError("BAD_FRAME", f"channel {channel}") from None


def pad(channel: Channel, body: bytes) -> bytes:
    """Body -> plaintext. Padded channels get 80 00…00 (ISO/IEC 7816-4) up to a multiple of PAD_BLOCK."""
    if not body or len(body) > MAX_BODY_BYTES:
        raise LocalProtocolError("BAD_LENGTH", f"{len(body)} bytes")
    if channel not in PADDED:
        return body
    return body + b"\x80" + bytes(-(len(body) + 1) % PAD_BLOCK)


def unpad(channel: Channel, plaintext: bytes) -> bytes:
    """Plaintext -> body. Raises RemoteProtocolError("BAD_FRAME")."""
    body = plaintext
    if channel in PADDED:
        body = plaintext.rstrip(b"\x00")
        if len(plaintext) % PAD_BLOCK or not body.endswith(b"\x80") or len(plaintext) - len(body) >= PAD_BLOCK:
            raise RemoteProtocolError("BAD_FRAME", "padding")
        body = body[:-1]
    if not body:
        raise RemoteProtocolError("BAD_FRAME", "empty")
    return body
