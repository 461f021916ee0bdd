"""Between the agent and the child that paints: one JSON object a line, as in protocol.local; both ends are this program.

Agent -> child: any number of `put`, `drop`, `light` and `keep_free`, then one `show`; child -> agent: `shown` for each `show`,
or once `failed`, and then nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

BAD = "BAD_OVERLAY"
MAX_POINTS = messages.MAX_ITEMS
"""Of one mark."""


@dataclass(frozen=True)
class Mark:
    """`shape`, `width`, `colour`, `text` as in protocol.draw.Draw; `x`, `y`: pixels of the desktop from its top left corner, one
    each for a point; `alpha`: 255 is opaque."""

    number: int
    shape: int
    width: int
    colour: int
    alpha: int
    x: tuple[int, ...]
    y: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Put:
    """A mark, new or instead of the one with its number."""

    mark: Mark


@dataclass(frozen=True)
class Drop:
    number: int


@dataclass(frozen=True)
class Light:
    """The pointer of light; both None: there is none."""

    x: int | None
    y: int | None


@dataclass(frozen=True)
class Rect:
    """Pixels as the window system counts them, which may begin below 0."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class KeepFree:
    """Nothing is painted there, whatever the marks are."""

    rects: tuple[Rect, ...]


@dataclass(frozen=True)
class Show:
    """Makes visible what was said before."""

    revision: int


@dataclass(frozen=True)
class Shown:
    revision: int


@dataclass(frozen=True)
class Failed:
    """`code`: NO_OVERLAY; `detail` is for the log."""

    code: str
    detail: str


ToChild = Put | Drop | Light | KeepFree | Show
FromChild = Shown | Failed

_TO_CHILD: Mapping[str, type[Any]] = {"put": Put, "drop": Drop, "light": Light, "keep_free": KeepFree, "show": Show}
_FROM_CHILD: Mapping[str, type[Any]] = {"shown": Shown, "failed": Failed}
_NAMES = {kind: name for table in (_TO_CHILD, _FROM_CHILD) for name, kind in table.items()}


def encode(message: ToChild | FromChild) -> bytes:
    """One line with its newline."""
    return messages.dump_json({"type": _NAMES[type(message)], **asdict(message)}) + b"\n"


def decode_to_child(line: bytes) -> ToChild:
    """Raises RemoteProtocolError("BAD_OVERLAY")."""
    found: ToChild = _decode(_TO_CHILD, line)
    return found


def decode_from_child(line: bytes) -> FromChild:
    """Raises RemoteProtocolError("BAD_OVERLAY")."""
    found: FromChild = _decode(_FROM_CHILD, line)
    return found


def _decode(kinds: Mapping[str, type[Any]], line: bytes) -> Any:
    value = messages.load_json(line, BAD)
    name = value.pop("type", None) if isinstance(value, dict) else None
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise RemoteProtocolError(BAD, "unknown type")
    return messages.from_plain(kind, value, BAD)
