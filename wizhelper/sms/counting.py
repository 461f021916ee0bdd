"""How long a text is, as a provider counts it: Korean bytes (cp949), or GSM septets and UCS-2 units with their parts.

Sources: KS X 1001 with its extension by Microsoft (code page 949), which the Korean carriers take; 3GPP TS 23.038 for
the GSM alphabet and its extension table; TS 23.040 for what concatenation costs (a 6-octet header of 140 octets).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from wizhelper.sms.gateway import Counting, TextKind

SMS_BYTES = 90
LMS_BYTES = 2000
SUBJECT_BYTES = 40
"""The smallest of the providers' limits (SENS; Aligo takes 44)."""
GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67
MAX_PARTS = 6
"""Of a concatenated text: more is a letter, and each part costs."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


class Encoding(StrEnum):
    CP949 = "cp949"
    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Measure:
    """`used` of `limit` in the encoding's own unit: bytes, septets or UTF-16 units. `unsendable`: characters that would
    arrive as "?"; with any, or beyond the limit, the text does not `fit`."""

    encoding: Encoding
    kind: TextKind
    used: int
    limit: int
    parts: int
    unsendable: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        return self.used <= self.limit and not self.unsendable


def normal(text: str) -> str:
    """The text as it is counted and sent: composed characters, one kind of line end, no blanks around it."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def measure(text: str, counting: Counting) -> Measure:
    """`text` as `normal` gives it."""
    return _korean(text) if counting is Counting.CP949 else _gsm(text)


def cp949_bytes(text: str) -> int:
    """Bytes in code page 949; what it has not counts as the two bytes of a replacement.

    Never Python's `euc_kr`: it writes syllables outside KS X 1001 with eight bytes.
    """
    return sum(2 if _is_foreign(c) else len(c.encode("cp949")) for c in text)


def _korean(text: str) -> Measure:
    used = cp949_bytes(text)
    kind = TextKind.SMS if used <= SMS_BYTES else TextKind.LMS
    limit = SMS_BYTES if kind is TextKind.SMS else LMS_BYTES
    foreign = tuple(dict.fromkeys(c for c in text if _is_foreign(c)))
    return Measure(Encoding.CP949, kind, used, limit, 1, foreign)


def _is_foreign(character: str) -> bool:
    try:
        character.encode("cp949")
    except UnicodeEncodeError:
        return True
    return False


def _gsm(text: str) -> Measure:
    if all(c in _BASIC or c in _EXTENDED for c in text):
        costs = [2 if c in _EXTENDED else 1 for c in text]
        return _in_parts(Encoding.GSM7, costs, GSM_SINGLE, GSM_PART)
    costs = [len(c.encode("utf-16-be", "surrogatepass")) // 2 for c in text]
    lonely = tuple(dict.fromkeys(c for c in text if "\ud800" <= c <= "\udfff"))
    return _in_parts(Encoding.UCS2, costs, UCS2_SINGLE, UCS2_PART, lonely)


def _in_parts(
    encoding: Encoding, costs: list[int], single: int, part: int, unsendable: tuple[str, ...] = ()
) -> Measure:
    used = sum(costs)
    if used <= single:
        return Measure(encoding, TextKind.SMS, used, single, 1, unsendable)
    return Measure(encoding, TextKind.SMS, used, part * MAX_PARTS, _parts(costs, part), unsendable)


def _parts(costs: list[int], size: int) -> int:
    """A character of two units is never split, so a part may stay one short."""
    parts, filled = 1, 0
    for cost in costs:
        if filled + cost > size:
            parts, filled = parts + 1, 0
        filled += cost
    return parts
