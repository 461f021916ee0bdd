"""Names of files that come from elsewhere: the one function that every new name on this PC passes (E6 in the threat model).

The rules are those of the strictest system, Windows, on every system: what an operator sends can be copied on to any PC.
"""

from __future__ import annotations

import unicodedata

from agent.features.files.trouble import BAD_NAME, FileTroubleError

MAX_NAME_BYTES = 255
OWN_PREFIX = ".wizhelper-"
"""Files that a transfer keeps beside its target until it is complete; not shown, and no name for anything else."""

_FORBIDDEN = set('/\\:*?"<>|')
#: Of Windows, with any extension; the superscript digits count as digits there.
_RESERVED = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"} | {
    f"{device}{digit}" for device in ("COM", "LPT") for digit in "0123456789¹²³"
}
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
#: Without them names of some languages and many pictograms come apart; they change no direction.
_JOINERS = "\u200c\u200d"


def new_name(name: str) -> str:
    """`name` as it is written to this PC's disk: composed (NFC). Raises FileTroubleError("BAD_NAME").

    What comes back is one name of one folder: never a path, a device, a stream of another file, or text that looks like
    something else.
    """
    composed = unicodedata.normalize("NFC", name)
    if not _is_fine(composed):
        raise FileTroubleError(BAD_NAME, ascii(name)[:300])
    return composed


def _is_fine(name: str) -> bool:
    if not name or name != name.strip(" ") or name.endswith(".") or set(name) & _FORBIDDEN:
        return False
    if any(unicodedata.category(char) in _UNSEEN and char not in _JOINERS for char in name):
        return False
    stem = name.split(".", 1)[0].rstrip(" ").upper()
    return (
        stem not in _RESERVED
        and not name.lower().startswith(OWN_PREFIX)
        and len(name.encode("utf-8", "surrogatepass")) <= MAX_NAME_BYTES
    )


def existing_name(name: str, windows: bool) -> str:
    """The name of something that is there: whatever its system allows, but one name. Raises FileTroubleError("BAD_NAME")."""
    separators = "/\\:" if windows else "/"
    if name in ("", ".", "..") or "\0" in name or any(char in name for char in separators):
        raise FileTroubleError(BAD_NAME, ascii(name)[:300])
    return name


def is_own(name: str) -> bool:
    return name.startswith(OWN_PREFIX)


def numbered(name: str, number: int) -> str:
    """"report.pdf", 2 -> "report (2).pdf": shortened where it would not fit any more."""
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    tail = f" ({number}){dot}{extension}"
    room = MAX_NAME_BYTES - len(tail.encode())
    if room < 1:
        return numbered(stem[:100], number)
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + tail
