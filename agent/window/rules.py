"""What the window decides without a screen: numbers as typed, times, places, text from outside."""

from __future__ import annotations

import re
import time
import unicodedata

from wizhelper.protocol.handshake import SAS_DIGITS

MIN_NUMBER_DIGITS, MAX_NUMBER_DIGITS = 4, 9
MAX_NAME_LENGTH = 64

_SEPARATORS = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212.,·]+")
_MINUTE_S, _HOUR_S = 60, 3600


def clean_number(typed: str) -> str:
    """Without the separators that people type; full-width digits become plain ones. Other characters stay."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed))


def connection_number(typed: str) -> str | None:
    """The digits to send, or None if `typed` is no connection number."""
    digits = clean_number(typed)
    fits = MIN_NUMBER_DIGITS <= len(digits) <= MAX_NUMBER_DIGITS
    return digits if fits and digits.isascii() and digits.isdigit() else None


def confirmation_number(typed: str) -> str | None:
    digits = clean_number(typed)
    return digits if len(digits) == SAS_DIGITS and digits.isascii() and digits.isdigit() else None


def grouped(digits: str) -> str:
    """ "948977" -> "948 977": easier to hear and to compare."""
    half = (len(digits) + 1) // 2
    return f"{digits[:half]} {digits[half:]}".strip()


def shown_name(name: str) -> str:
    """A name from outside as it may stand in a line of ours: short, without control and direction characters."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in name)
    plain = "".join(c for c in visible if unicodedata.category(c) != "Cf")
    return plain if len(plain) <= MAX_NAME_LENGTH else plain[: MAX_NAME_LENGTH - 1] + "…"


def shown_body(body: str) -> str:
    """A text from outside of any length: control characters but line breaks and tabs become visible."""
    text = body.replace("\r\n", "\n")
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t\u200d" else c for c in text)


def clock_time(epoch_s: float) -> str:
    """Local time as "10:32"."""
    return time.strftime("%H:%M", time.localtime(epoch_s))


def elapsed(seconds: float) -> str:
    """ "05:07", from an hour on "1:05:07"; a clock that was set back gives "00:00"."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole, _HOUR_S)
    minutes, rest = divmod(minutes, _MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def clamped(position: int, size: int, room: int) -> int:
    """The nearest position at which something of `size` lies within `room`."""
    return max(0, min(position, room - size))
