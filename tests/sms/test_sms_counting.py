"""How long a text is, as providers count. OP-SMS"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.sms.counting import LMS_BYTES, MAX_PARTS, Encoding, cp949_bytes, measure, normal
from wizhelper.sms.gateway import Counting, TextKind

KOREAN, GSM = Counting.CP949, Counting.GSM
SAMPLE = "[위즈헬퍼] 원격지원 앱 설치: https://help.example.co.kr/m 접속번호 482913"


def test_a_korean_text_is_counted_in_bytes_of_cp949() -> None:
    found = measure(SAMPLE, KOREAN)
    assert (len(SAMPLE), found.used, found.limit, found.kind) == (58, 73, 90, TextKind.SMS)
    assert found.fits and found.encoding is Encoding.CP949


def test_a_syllable_outside_the_old_standard_is_two_bytes_and_not_eight() -> None:
    assert len("뷁".encode("euc_kr")) == 8
    assert cp949_bytes("뷁") == 2


@pytest.mark.parametrize(("text", "kind", "limit"), [("가" * 45, "SMS", 90), ("가" * 45 + "a", "LMS", 2000)])
def test_beyond_90_bytes_it_is_a_long_message(text: str, kind: str, limit: int) -> None:
    found = measure(text, KOREAN)
    assert (found.kind, found.limit, found.fits) == (kind, limit, True)


def test_beyond_2000_bytes_it_does_not_fit() -> None:
    assert measure("a" * LMS_BYTES, KOREAN).fits
    assert not measure("a" * (LMS_BYTES + 1), KOREAN).fits


def test_characters_that_would_arrive_as_question_marks_are_named_once() -> None:
    found = measure("안녕 😀 ü 😀", KOREAN)
    assert found.unsendable == ("😀", "ü")
    assert not found.fits


@pytest.mark.parametrize(
    ("length", "parts"), [(0, 1), (160, 1), (161, 2), (306, 2), (307, 3), (153 * MAX_PARTS, MAX_PARTS)]
)
def test_gsm_septets_are_160_alone_and_153_in_each_part(length: int, parts: int) -> None:
    found = measure("a" * length, GSM)
    assert (found.encoding, found.used, found.parts, found.fits) == (Encoding.GSM7, length, parts, True)


@pytest.mark.parametrize("character", "^{}\\[~]|€")
def test_a_character_of_the_extension_table_costs_two(character: str) -> None:
    assert measure(character * 80, GSM).parts == 1
    assert measure(character * 80 + "a", GSM).parts == 2


def test_a_pair_of_septets_is_never_split() -> None:
    """152 + 2 does not fit into 153: the part stays one short."""
    text = "a" * 152 + "€" + "a" * 152
    assert (measure(text, GSM).used, measure(text, GSM).parts) == (306, 3)


@pytest.mark.parametrize(("length", "parts"), [(70, 1), (71, 2), (134, 2), (135, 3)])
def test_everything_else_is_ucs2_with_70_alone_and_67_in_each_part(length: int, parts: int) -> None:
    found = measure("가" * length, GSM)
    assert (found.encoding, found.used, found.parts) == (Encoding.UCS2, length, parts)


def test_an_emoji_is_two_units() -> None:
    assert measure("😀" * 35, GSM).parts == 1
    assert measure("😀" * 36, GSM).parts == 2


def test_too_many_parts_do_not_fit() -> None:
    assert not measure("a" * (153 * MAX_PARTS + 1), GSM).fits


def test_a_text_is_composed_and_has_one_kind_of_line_end() -> None:
    assert normal(" \u1100\u1161\r\nb\rc ") == "가\nb\nc"


@given(st.text())
def test_any_text_is_measured(text: str) -> None:
    for counting in Counting:
        found = measure(text, counting)
        assert found.parts >= 1 and found.used >= 0
        if found.fits and counting is KOREAN:
            assert found.used == len(text.encode("cp949"))
