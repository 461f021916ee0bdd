"""Download and page tokens: what is forged, cut, expired or of another purpose opens nothing."""

from __future__ import annotations

import base64

import pytest
from fakes import ManualTime, random_id
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.support.tokens import Claim, TokenOffice

SESSION = Claim("6a204bd8-9e3c-4a57-8e7f-0a1b2c3d4e5f", 1_790_000_000_123)
TIME = ManualTime()
OFFICE = TokenOffice(b"k" * 32, TIME.time)


def test_a_token_names_its_session_for_ten_minutes(time_: ManualTime) -> None:
    """CUST-RUN."""
    office = TokenOffice(b"k" * 32, time_.time)
    session = Claim(random_id(), 5)
    token = office.issue(session)
    time_.advance(599)
    assert office.claim_of(token) == session
    time_.advance(1)
    assert office.claim_of(token) is None


def test_a_token_of_one_purpose_or_key_serves_no_other() -> None:
    token = OFFICE.issue(SESSION)
    assert TokenOffice(b"k" * 32, TIME.time, "page").claim_of(token) is None
    assert TokenOffice(b"x" * 32, TIME.time).claim_of(token) is None


@given(st.integers(0, 8 * 64 - 1))
def test_no_changed_bit_is_accepted(bit: int) -> None:
    data = bytearray(base64.urlsafe_b64decode(OFFICE.issue(SESSION)))
    data[bit // 8] ^= 1 << bit % 8
    assert OFFICE.claim_of(base64.urlsafe_b64encode(bytes(data)).decode()) is None


@given(st.integers(0, 87))
def test_no_part_of_a_token_is_accepted(length: int) -> None:
    assert OFFICE.claim_of(OFFICE.issue(SESSION)[:length]) is None


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    assert OFFICE.claim_of(text) is None


@pytest.mark.parametrize("token", ["", "=", "\0", "é" * 88, "A" * 88, "\ud800", "A" * 100_000])
def test_rubbish_is_refused_without_an_error(token: str) -> None:
    assert OFFICE.claim_of(token) is None
