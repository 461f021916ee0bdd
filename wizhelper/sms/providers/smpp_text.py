"""Texts in the alphabets of SMPP: GSM-7 (one septet in each byte), UCS-2, cp949; in one part or several with a header.

Sources: 3GPP TS 23.038 (alphabet), TS 23.040 section 9.2.3.24 (concatenation), SMPP 3.4 section 5.2.19 (data_coding).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wizhelper.sms.counting import MAX_PARTS, Encoding, measure
from wizhelper.sms.gateway import Counting, Refused

OCTETS = 140
HEADER_OCTETS = 6
GSM_SINGLE, GSM_PART = 160, 153
DEFAULT_CODING, UCS2_CODING = 0, 8
UNSENDABLE = "UNSENDABLE"
ESCAPE = 0x1B

#: Positions 0 to 127 of the default alphabet; the escape at 27 stands for nothing by itself.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_GSM = {c: bytes([n]) for n, c in enumerate(_BASIC) if n != ESCAPE} | {
    c: bytes([ESCAPE, n]) for c, n in _EXTENDED.items()
}


class Alphabet(StrEnum):
    """`auto`: GSM-7 where the text has nothing else in it, else UCS-2. `cp949`: as some Korean centres take it."""

    AUTO = "auto"
    UCS2 = "ucs2"
    CP949 = "cp949"


@dataclass(frozen=True, slots=True)
class Piece:
    """`text`: as it goes out, with its header where `has_header`."""

    text: bytes
    has_header: bool


@dataclass(frozen=True, slots=True)
class Written:
    coding: int
    pieces: list[Piece]


def written(text: str, alphabet: Alphabet, cp949_coding: int, reference: int) -> Written:
    """`reference` (0 to 255) ties the parts of one text together. Raises Refused for what cannot be sent this way."""
    coding, characters, single, part = _characters(text, alphabet, cp949_coding)
    if sum(map(len, characters)) <= single:
        return Written(coding, [Piece(b"".join(characters), False)])
    parts = _packed(characters, part)
    if len(parts) > MAX_PARTS:
        raise Refused(UNSENDABLE, f"more than {MAX_PARTS} parts", retry=False)
    headers = [bytes([5, 0, 3, reference & 0xFF, len(parts), n]) for n in range(1, len(parts) + 1)]
    return Written(coding, [Piece(head + body, True) for head, body in zip(headers, parts, strict=True)])


def _characters(text: str, alphabet: Alphabet, cp949_coding: int) -> tuple[int, list[bytes], int, int]:
    """data_coding, the bytes of each character, and how many bytes fit into the only part and into one of several."""
    room = OCTETS - HEADER_OCTETS
    try:
        if alphabet is Alphabet.CP949:
            return cp949_coding, [c.encode("cp949") for c in text], OCTETS, room
        if alphabet is Alphabet.AUTO and measure(text, Counting.GSM).encoding is Encoding.GSM7:
            return DEFAULT_CODING, [_GSM[c] for c in text], GSM_SINGLE, GSM_PART
        return UCS2_CODING, [c.encode("utf-16-be") for c in text], OCTETS, room
    except UnicodeEncodeError as problem:
        raise Refused(UNSENDABLE, "a character that this alphabet does not have", retry=False) from problem


def _packed(characters: Iterable[bytes], size: int) -> list[bytes]:
    """No character is split."""
    parts = [b""]
    for each in characters:
        if len(parts[-1]) + len(each) > size:
            parts.append(b"")
        parts[-1] += each
    return parts
