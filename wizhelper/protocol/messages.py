"""Strict JSON: one decoder for every JSON message of the protocol.

A message becomes a frozen dataclass. A missing, extra or ill-typed field is refused; nothing is converted silently.
Field types understood: str, int, float, bool, `X | None`, `tuple[X, ...]`, and dataclasses of these. Numbers are those
that a browser reads without loss: integers below 2^53, finite floats. Text is Unicode that UTF-8 can carry.
"""

from __future__ import annotations

import json
import math
import types
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from wizhelper.protocol.errors import RemoteProtocolError

T = TypeVar("T")

MAX_JSON_BYTES = 64 * 1024
MAX_ITEMS = 1024
MAX_INTEGER = 2**53 - 1


def dump_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; NaN and infinities are our bug and raise ValueError."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def load_json(data: bytes | str, code: str, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """Raises RemoteProtocolError(code) for anything that is not JSON, for duplicate keys, NaN and over-long text."""
    if len(data) > max_bytes:
        raise RemoteProtocolError(code, "too long")
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise RemoteProtocolError(code, "not JSON") from problem


def load_dataclass(kind: type[T], data: bytes | str, code: str) -> T:
    """JSON text -> an instance of the dataclass `kind`. Raises RemoteProtocolError(code)."""
    return from_plain(kind, load_json(data, code), code)


def from_plain(kind: type[T], value: Any, code: str) -> T:
    """Parsed JSON -> an instance of the dataclass `kind`. Raises RemoteProtocolError(code)."""
    if not isinstance(value, dict):
        raise RemoteProtocolError(code, f"{kind.__name__} is not an object")
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    extra = set(value) - set(known)
    if extra:
        raise RemoteProtocolError(code, f"{kind.__name__} has no field {sorted(extra)[0][:40]!r}")
    found = {}
    for name, field in known.items():
        if name in value:
            found[name] = _checked(value[name], hints[name], code, name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise RemoteProtocolError(code, f"{kind.__name__}.{name} is missing")
    return kind(**found)


def _checked(value: Any, hint: Any, code: str, name: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        options = get_args(hint)
        if value is None and type(None) in options:
            return None
        (only,) = (o for o in options if o is not type(None))
        return _checked(value, only, code, name)
    if origin is tuple:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise RemoteProtocolError(code, f"{name} is not a list")
        return tuple(_checked(item, get_args(hint)[0], code, name) for item in value)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, value, code)
    if hint is float and type(value) in (int, float) and _is_plain(value):
        return float(value)
    if type(value) is not hint or not _is_plain(value):
        raise RemoteProtocolError(code, f"{name} is not {getattr(hint, '__name__', hint)}")
    return value


def _is_plain(value: Any) -> bool:
    """False for what JSON can write and we cannot use: 1e999, integers that lose digits, half of a surrogate pair."""
    if isinstance(value, str):
        return not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, int):
        return abs(value) <= MAX_INTEGER
    return not isinstance(value, float) or math.isfinite(value)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
