"""Telephone numbers: as people write them, as networks take them, as lists show them. OP-SMS"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.sms.numbers import BadNumber, is_allowed, is_prefix, masked, national, normalised, sender


@pytest.mark.parametrize(
    "written",
    [
        "010-1234-5678",
        "01012345678",
        "010 1234 5678",
        "(010) 1234.5678",
        "+82 10 1234 5678",
        "+82 010-1234-5678",
        "0082 10-1234-5678",
        "０１０－１２３４－５６７８",
        "010\u20131234\u20135678",
    ],
)
def test_a_korean_number_is_one_number_however_it_is_written(written: str) -> None:
    assert normalised(written) == "+821012345678"


@pytest.mark.parametrize(
    ("written", "number"), [("+1 650 555 0100", "+16505550100"), ("00 44 7700 900123", "+447700900123")]
)
def test_a_number_of_another_country_keeps_it(written: str, number: str) -> None:
    assert normalised(written) == number


@pytest.mark.parametrize(
    "written",
    ["", "abc", "12345", "010-1234-567", "010-1234-56789", "8210 1234 5678", "+0101234567", "+" + "1" * 16, "010;1234",
     "010-1234-5678,010-1234-5679", "٠١٠١٢٣٤٥٦٧٨", "0" * 41, "+82\n1012345678x"],
)  # fmt: skip
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(BadNumber):
        normalised(written)


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_is_refused(written: str) -> None:
    try:
        number = normalised(written)
    except BadNumber:
        return
    assert number.startswith("+") and number[1:].isascii() and number[1:].isdigit()


def test_lists_show_enough_to_know_ones_customer_and_no_more() -> None:
    assert masked("+821012345678") == "010-****-5678"
    assert masked("+16505550100") == "+16****100"


def test_providers_at_home_get_it_as_it_is_dialled() -> None:
    assert national("+821012345678") == "01012345678"
    assert national("+16505550100") == "16505550100"


def test_only_numbers_with_an_allowed_beginning_get_messages() -> None:
    """Security entry point E8: no international and no premium numbers."""
    allowed = ["+8210"]
    assert is_allowed("+821012345678", allowed)
    assert not any(is_allowed(number, allowed) for number in ("+8260123456", "+16505550100", "+82212345678"))
    assert [is_prefix(text) for text in ("+8210", "+1", "8210", "+", "+82x", "")] == [True, True, *[False] * 4]


@pytest.mark.parametrize(
    ("written", "kept"), [("02-1234-5678", "0212345678"), ("1588-0000", "15880000"), ("WizHelper", "WizHelper")]
)
def test_a_sender_is_digits_or_a_short_name(written: str, kept: str) -> None:
    assert sender(written) == kept


@pytest.mark.parametrize("written", ["", "123", "a", "far too long name", "02-12;34", "Wiz<Helper"])
def test_anything_else_is_no_sender(written: str) -> None:
    with pytest.raises(BadNumber):
        sender(written)
