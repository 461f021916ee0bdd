"""Strict JSON: exactly the fields, exactly the types, nothing that another reader would take differently."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hostile import mutated, outcome
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError


@dataclass(frozen=True)
class Inner:
    name: str


@dataclass(frozen=True)
class Sample:
    count: int
    share: float
    on: bool
    names: tuple[str, ...]
    inner: Inner
    note: str | None = None


GOOD = {"count": 1, "share": 0.5, "on": True, "names": ["가", "b"], "inner": {"name": "x"}, "note": None}


def _load(text: str | bytes) -> Sample:
    return messages.load_dataclass(Sample, text, "BAD")


def _with(**changed: object) -> str:
    return json.dumps({**GOOD, **changed})


def test_a_good_message_becomes_the_dataclass() -> None:
    assert _load(json.dumps(GOOD)) == Sample(1, 0.5, True, ("가", "b"), Inner("x"), None)


def test_a_field_with_a_default_may_be_left_out_and_an_integer_may_stand_for_a_float() -> None:
    short = {k: v for k, v in GOOD.items() if k != "note"} | {"share": 2}
    loaded = _load(json.dumps(short))
    assert loaded.note is None
    assert isinstance(loaded.share, float)


@pytest.mark.parametrize("name", ["count", "share", "on", "names", "inner"])
def test_a_missing_field_is_refused(name: str) -> None:
    with pytest.raises(RemoteProtocolError, match="missing"):
        _load(json.dumps({k: v for k, v in GOOD.items() if k != name}))


def test_a_field_too_many_is_refused_at_every_level() -> None:
    for text in (_with(more=1), _with(inner={"name": "x", "more": 1})):
        with pytest.raises(RemoteProtocolError, match="no field 'more'"):
            _load(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", True),
        ("count", 1.0),
        ("count", "1"),
        ("count", None),
        ("share", "0.5"),
        ("share", True),
        ("on", 1),
        ("names", "ab"),
        ("names", [1]),
        ("names", {"0": "a"}),
        ("inner", []),
        ("inner", None),
        ("note", 5),
    ],
)
def test_nothing_is_converted_silently(name: str, value: object) -> None:
    with pytest.raises(RemoteProtocolError):
        _load(_with(**{name: value}))


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**400])
def test_an_integer_that_a_browser_would_round_is_refused(number: int) -> None:
    for name in ("count", "share"):
        with pytest.raises(RemoteProtocolError):
            _load(_with(**{name: number}))
    assert _load(_with(count=2**53 - 1)).count == 2**53 - 1


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        _load(json.dumps(GOOD).replace("0.5", text))


@pytest.mark.parametrize("half", ["\\ud800", "x\\udfff", "\\udc00\\ud800"])
def test_half_a_surrogate_pair_is_refused(half: str) -> None:
    """It could not be written out again: the error would come later, in somebody else's code."""
    with pytest.raises(RemoteProtocolError):
        _load(json.dumps(GOOD).replace('"x"', f'"{half}"'))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"count":1,"count":1}',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b"1" * 5000,
    ],
)
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD"):
        _load(text)


def test_length_and_number_of_items_are_limited_to_the_byte() -> None:
    longest = b'"' + b"a" * (messages.MAX_JSON_BYTES - 2) + b'"'
    assert len(messages.load_json(longest, "BAD")) == messages.MAX_JSON_BYTES - 2
    with pytest.raises(RemoteProtocolError, match="too long"):
        messages.load_json(longest + b" ", "BAD")

    assert len(_load(_with(names=["a"] * messages.MAX_ITEMS)).names) == messages.MAX_ITEMS
    with pytest.raises(RemoteProtocolError):
        _load(_with(names=["a"] * (messages.MAX_ITEMS + 1)))


def test_not_a_number_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        messages.dump_json({"a": float("nan")})


@given(mutated([messages.dump_json(GOOD), json.dumps(GOOD).encode()]) | st.binary(max_size=200))
def test_changed_text_is_read_or_refused_and_what_is_read_can_be_written(data: bytes) -> None:
    found = outcome(_load, data)
    if found is not None:
        messages.dump_json([found.count, found.share, list(found.names), found.inner.name, found.note])
