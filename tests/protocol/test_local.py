"""Lines between the agent and its window: every message survives the way, nothing else is accepted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.protocol import local
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

FROM_WINDOW: list[local.FromWindow] = [
    local.BarPlace(-1280, 0, 640, 48),
    local.SubmitNumber("123456"),
    local.SubmitCompany("한빛전산"),
    local.Pick(7),
    local.ConsentAnswer(True),
    local.ApproveAnswer(False),
    local.RestartAnswer(True),
    local.Verify("000001"),
    local.EndSession(),
    local.Report(),
    local.ShowReceipt(),
    local.Closed(),
    local.Say("네, 보입니다"),
    local.Dismiss("7"),
    local.OfferFiles(("/home/kim/한글.hwp", "C:\\a")),
    local.ChooseLanguage("en"),
]
TO_WINDOW: list[local.ToWindow] = [
    local.Entry("number", True),
    local.Entry("pick", False, "다시 시도하세요"),
    local.Operators((local.OperatorItem(1, "김상담"), local.OperatorItem(2, "이지원"))),
    local.Operators(()),
    local.AskConsent("회사", "김상담", "동의", "본문\n둘째 줄", 3),
    local.AskApproval("김상담"),
    local.AskRestart("김상담", 60.0),
    local.RestartSettled(),
    local.Session("회사", "김상담", 1_700_000_000.5, "", "required", False),
    local.Sas("948977", "shown", True),
    local.Status("LINK", ""),
    local.Activities(("clipboard", "recording")),
    local.People((local.Person("7", "김상담", True), local.Person("8", "이상담", False))),
    local.ChatLine(False, 1_795_000_000_000, "안녕하세요"),
    local.Busy("…"),
    local.ShowError("NUMBER_WRONG", "틀림", "다시"),
    local.Ended("끝"),
    local.Ended("끝", True, True),
    local.Quit(),
]


@pytest.mark.parametrize("message", FROM_WINDOW, ids=lambda m: type(m).__name__)
def test_what_the_window_says_survives_the_way(message: local.FromWindow) -> None:
    line = local.encode(message)

    assert b"\n" not in line
    assert local.decode_from_window(line) == message


@pytest.mark.parametrize("message", TO_WINDOW, ids=lambda m: type(m).__name__)
def test_what_the_agent_says_survives_the_way(message: local.ToWindow) -> None:
    line = local.encode(message)

    assert b"\n" not in line
    assert local.decode_to_window(line) == message


def test_every_message_has_an_example_here() -> None:
    assert {type(message) for message in FROM_WINDOW} == set(local.FROM_WINDOW.values())
    assert {type(message) for message in TO_WINDOW} == set(local.TO_WINDOW.values())


def test_a_message_is_one_plain_object() -> None:
    assert json.loads(local.encode(local.SubmitNumber("42"))) == {"type": "submit_number", "number": "42"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"not json",
        b"{}",
        b'{"type":1}',
        b'{"type":["end"]}',
        b'{"type":"entry","mode":"number","allow_toggle":true}',
        b'{"type":"end","extra":1}',
        b'{"type":"end","type":"end"}',
        b'{"type":"submit_number"}',
        b'{"type":"submit_number","number":123456}',
        b'{"type":"submit_number","number":""}',
        b'{"type":"submit_number","number":"12 34"}',
        b'{"type":"submit_number","number":"12345678901234567"}',
        '{"type":"submit_number","number":"１２３４５６"}'.encode(),
        b'{"type":"pick","operator_id":true}',
        b'{"type":"consent","accepted":1}',
        b"\xff\xfe",
    ],
)
def test_anything_else_from_the_window_is_refused(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        local.decode_from_window(line)

    assert refused.value.code == "BAD_LOCAL"


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"end"}',
        b'{"type":"entry","mode":"both","allow_toggle":true}',
        b'{"type":"sas","sas":"","sas_policy":"maybe","verified":false}',
        b'{"type":"operators","items":[{"id":1}]}',
    ],
)
def test_anything_else_from_the_agent_is_refused(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        local.decode_to_window(line)


def test_a_message_that_makes_too_long_a_line_is_our_bug() -> None:
    with pytest.raises(LocalProtocolError):
        local.encode(local.Busy("x" * local.MAX_LINE_BYTES))


@given(st.binary(max_size=200))
def test_decoding_fails_in_one_way_only(line: bytes) -> None:
    for decode in (local.decode_from_window, local.decode_to_window):
        try:
            decode(line)
        except RemoteProtocolError as problem:
            assert problem.code == "BAD_LOCAL"


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
def test_lines_come_whole_whatever_the_pieces_are(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    buffer = local.LineBuffer()

    found = [line for at in range(0, len(data), size) for line in buffer.add(data[at : at + size])]

    assert found == lines


def test_a_line_is_limited_to_the_byte() -> None:
    assert local.LineBuffer(limit=5).add(b"12345\n1") == [b"12345"]
    for data in (b"123456", b"123456\n", b"1\n123456"):
        with pytest.raises(RemoteProtocolError):
            local.LineBuffer(limit=5).add(data)
