"""Secrets are sealed in the database: to their row, under the key of the data folder."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.settings.sealing import SealBroken, Sealer

KEY = bytes(range(32))


def test_what_is_sealed_opens_for_its_row_only() -> None:
    sealer = Sealer(KEY, os.urandom)
    sealed = sealer.seal("비밀", "row 1")
    assert "비밀" not in sealed and sealed != sealer.seal("비밀", "row 1")
    assert sealer.open(sealed, "row 1") == "비밀"
    with pytest.raises(SealBroken):
        sealer.open(sealed, "row 2")


def test_another_key_opens_nothing() -> None:
    sealed = Sealer(KEY, os.urandom).seal("x", "row")
    with pytest.raises(SealBroken):
        Sealer(bytes(32), os.urandom).open(sealed, "row")


@pytest.mark.parametrize("sealed", ["", "1.", "2.AAAA", "1.!!", "1." + "A" * 15, "1." + "A" * 400, "뷁"])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(SealBroken):
        Sealer(KEY, os.urandom).open(sealed, "row")


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_does_not_open(at: int, change: int) -> None:
    sealer = Sealer(KEY, lambda n: bytes(n))
    sealed = bytearray(sealer.seal("a secret of some length", "row").encode())
    at %= len(sealed)
    sealed[at] ^= change
    try:
        opened = sealer.open(sealed.decode("latin-1"), "row")
    except SealBroken:
        return
    # Base64 has letters whose last bits say nothing.
    assert opened == "a secret of some length"
