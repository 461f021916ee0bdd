"""Relay tickets: one side of one viewer of one session, for thirty seconds, once; nothing forged opens a room."""

from __future__ import annotations

import base64
import uuid

import pytest
from fakes import ManualTime
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.relay.tickets import Side, Ticket, TicketOffice, TicketRefused

TICKET = Ticket(Side.CONSOLE, uuid.UUID(int=7), uuid.UUID(int=8))


@pytest.fixture
def office(time_: ManualTime) -> TicketOffice:
    return TicketOffice(b"k" * 32, time_.time)


@pytest.mark.parametrize("side", Side)
def test_a_ticket_gives_back_exactly_what_it_was_issued_for(office: TicketOffice, side: Side) -> None:
    ticket = Ticket(side, uuid.uuid4(), uuid.uuid4())
    assert office.redeem(office.issue(ticket)) == ticket


def test_a_ticket_is_used_once(office: TicketOffice) -> None:
    text = office.issue(TICKET)
    office.redeem(text)
    with pytest.raises(TicketRefused, match="used"):
        office.redeem(text)


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (29.9, True), (30, False), (3600, False)])
def test_a_ticket_lives_thirty_seconds(office: TicketOffice, time_: ManualTime, seconds: float, good: bool) -> None:
    text = office.issue(TICKET)
    time_.advance(seconds)
    if good:
        assert office.redeem(text) == TICKET
    else:
        with pytest.raises(TicketRefused, match="expired"):
            office.redeem(text)


def test_a_used_ticket_stays_used_until_it_is_expired_and_is_then_forgotten(
    office: TicketOffice, time_: ManualTime
) -> None:
    texts = [office.issue(TICKET) for _ in range(3)]
    office.redeem(texts[0])
    time_.advance(29)
    with pytest.raises(TicketRefused, match="used"):
        office.redeem(texts[0])
    time_.advance(2)
    with pytest.raises(TicketRefused, match="expired"):
        office.redeem(texts[0])
    assert office._used == {}


def test_two_tickets_for_the_same_place_differ_only_by_time_and_each_is_used_once(
    office: TicketOffice, time_: ManualTime
) -> None:
    first = office.issue(TICKET)
    time_.advance(0.001)
    second = office.issue(TICKET)
    assert first != second
    assert office.redeem(first) == office.redeem(second)


def test_a_ticket_of_another_key_or_of_another_kind_of_token_is_refused(time_: ManualTime) -> None:
    text = TicketOffice(b"x" * 32, time_.time).issue(TICKET)
    with pytest.raises(TicketRefused, match="signature"):
        TicketOffice(b"k" * 32, time_.time).redeem(text)


def test_a_ticket_of_one_side_does_not_become_one_of_the_other(office: TicketOffice) -> None:
    data = bytearray(base64.urlsafe_b64decode(office.issue(TICKET)))
    data[1] = Side.AGENT
    with pytest.raises(TicketRefused, match="signature"):
        office.redeem(base64.urlsafe_b64encode(bytes(data)).decode())


@given(st.integers(0, 8 * 74 - 1))
def test_no_changed_bit_is_accepted(bit: int) -> None:
    office = TicketOffice(b"k" * 32, ManualTime().time)
    data = bytearray(base64.urlsafe_b64decode(office.issue(TICKET)))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TicketRefused):
        office.redeem(base64.urlsafe_b64encode(bytes(data)).decode())


@given(st.integers(0, 97), st.sampled_from(["front", "back"]))
def test_no_part_of_a_ticket_is_accepted(length: int, end: str) -> None:
    office = TicketOffice(b"k" * 32, ManualTime().time)
    text = office.issue(TICKET)
    with pytest.raises(TicketRefused):
        office.redeem(text[:length] if end == "front" else text[len(text) - length :])


@given(st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_no_other_text_is_a_ticket(text: str) -> None:
    with pytest.raises(TicketRefused):
        TicketOffice(b"k" * 32, ManualTime().time).redeem(text)


def test_another_spelling_of_a_used_ticket_is_used_too(office: TicketOffice) -> None:
    """Base64 has spare bits at its end: the same bytes can be written in several ways."""
    text = office.issue(TICKET)
    office.redeem(text)
    body = text.rstrip("=")
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        with pytest.raises(TicketRefused):
            office.redeem(body[:-1] + last + text[len(body) :])
