"""Telephone numbers as people write them, as networks take them (E.164), and as lists and logs may show them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

HOME_CODE = "82"
MAX_WRITTEN = 40
KOREAN_MOBILES = "+8210"
_NOISE = re.compile(r"[\s\-.()/\u2010-\u2015]")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,11}")
_SENDER = re.compile(r"[0-9]{4,15}|[A-Za-z][A-Za-z0-9 ]{1,10}")
#: 010 has eight digits after it; the older 011, 016-019 have seven or eight.
_KOREAN_MOBILE = re.compile(r"\+82(10[0-9]{8}|1[16789][0-9]{7,8})")


class BadNumber(ValueError):
    """No number to which a text can go."""


def normalised(written: str, home: str = HOME_CODE) -> str:
    """ "010-1234-5678" -> "+821012345678". A number without a country belongs to `home`. Raises BadNumber."""
    text = unicodedata.normalize("NFKC", written[:MAX_WRITTEN])
    digits = _NOISE.sub("", text)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    elif digits.startswith("0"):
        digits = f"+{home}{digits[1:]}"
    # "+82 010-1234-5678", as address books often have it.
    digits = re.sub(rf"\A\+{home}0", f"+{home}", digits)
    if len(written) > MAX_WRITTEN or not digits.isascii() or not _E164.fullmatch(digits):
        raise BadNumber(written[:MAX_WRITTEN])
    if digits.startswith("+821") and not _KOREAN_MOBILE.fullmatch(digits):
        raise BadNumber(written[:MAX_WRITTEN])
    return digits


def national(number: str, home: str = HOME_CODE) -> str:
    """ "+821012345678" -> "01012345678", as Korean providers take it; other countries' numbers stay international."""
    return "0" + number[1 + len(home) :] if number.startswith("+" + home) else number.removeprefix("+")


def masked(number: str) -> str:
    """ "+821012345678" -> "010-****-5678": enough to know one's own customer again."""
    shown = national(number)
    if number.startswith("+" + HOME_CODE):
        return f"{shown[:3]}-****-{shown[-4:]}"
    return f"+{shown[:2]}****{shown[-3:]}"


def is_allowed(number: str, prefixes: Iterable[str]) -> bool:
    """Whether the company sends to such numbers at all (security: entry point E8)."""
    return any(number.startswith(prefix) for prefix in prefixes)


def is_prefix(text: str) -> bool:
    return bool(_PREFIX.fullmatch(text))


def sender(written: str) -> str:
    """A registered sender as it is kept: digits only, or a name of up to 11 letters where a network allows it.

    Raises BadNumber.
    """
    text = unicodedata.normalize("NFKC", written[:MAX_WRITTEN]).strip()
    found = text if text[:1].isalpha() else _NOISE.sub("", text).removeprefix("+")
    if len(written) > MAX_WRITTEN or not found.isascii() or not _SENDER.fullmatch(found):
        raise BadNumber(written[:MAX_WRITTEN])
    return found
