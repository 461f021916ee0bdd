"""Bytes of SMPP: texts in their alphabets, the splitter in any pieces, and hostile bodies.

OP-SMS
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.sms.counting import measure
from wizhelper.sms.gateway import Counting, DeliveryState, Refused
from wizhelper.sms.providers.smpp_codec import (
    MAX_PDU,
    Address,
    BadPdu,
    Command,
    Pdu,
    Splitter,
    bind_body,
    delivered,
    message_id,
    submit_body,
)
from wizhelper.sms.providers.smpp_receipt import receipt
from wizhelper.sms.providers.smpp_text import Alphabet, written


def test_a_bind_as_the_specification_writes_it() -> None:
    """The octets of section 3.2.4's layout: system_id, password, system_type, version, ton, npi, range."""
    made = Pdu(Command.BIND_TRANSCEIVER, 0, 1, bind_body("SMPP3TEST", "secret08", "SUBMIT1")).encoded()
    expected = (
        "0000002f000000090000000000000001" + "534d50503354455354007365637265743038005355424d495431003400" + "0000"
    )
    assert made.hex() == expected


def test_a_submit_names_both_ends_and_asks_for_a_receipt() -> None:
    ends = Address(ton=5, npi=0, digits="Wiz"), Address(ton=1, npi=1, digits="8210")
    made = submit_body(*ends, b"hi", coding=8, has_header=True)
    assert made == b"\x00\x05\x00Wiz\x00\x01\x018210\x00\x40\x00\x00\x00\x00\x01\x00\x08\x00\x02hi"


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(min_value=1, max_value=50))
def test_pdus_come_in_any_pieces(bodies: list[bytes], size: int) -> None:
    pdus = [Pdu(5, 0, number, body) for number, body in enumerate(bodies)]
    stream = b"".join(each.encoded() for each in pdus)
    splitter, found = Splitter(), list[Pdu]()
    for at in range(0, len(stream), size):
        found += splitter.feed(stream[at : at + size])
    assert found == pdus


@pytest.mark.parametrize("length", [0, 15, MAX_PDU + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_refused_at_once(length: int) -> None:
    with pytest.raises(BadPdu):
        Splitter().feed(length.to_bytes(4, "big") + bytes(12))


@given(st.binary(max_size=300))
def test_hostile_bodies_raise_nothing_else(body: bytes) -> None:
    for read in (delivered, message_id):
        try:
            read(body)
        except BadPdu:
            continue


@given(st.binary(max_size=255), st.dictionaries(st.sampled_from([0x1E, 0x427, 0x424, 5]), st.binary(max_size=70)))
def test_hostile_receipts_raise_nothing(text: bytes, options: dict[int, bytes]) -> None:
    tail = b"".join(tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for tag, value in options.items())
    head = b"\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"
    found = receipt(delivered(head + bytes([len(text)]) + text + tail))
    assert found is None or (0 < len(found.message) <= 65 and len(found.code) <= 64)


def test_a_receipt_keeps_the_error_of_the_network() -> None:
    head = b"\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"
    text = b"id:77 sub:001 dlvrd:000 submit date:1 done date:2 stat:UNDELIV err:045 text:id:99"
    found = receipt(delivered(head + bytes([len(text)]) + text))
    assert found is not None
    assert (found.message, found.state, found.code) == ("77", DeliveryState.FAILED, "UNDELIV 045")


def test_gsm_characters_have_their_septets() -> None:
    made = written("@£ñà€[", Alphabet.AUTO, 0, 0)
    assert (made.coding, made.pieces[0].text) == (0, b"\x00\x01\x7d\x7f\x1b\x65\x1b\x3c")


@pytest.mark.parametrize(
    ("text", "parts"), [("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("가" * 70, 1), ("가" * 71, 2)]
)
def test_parts_are_as_many_as_were_counted(text: str, parts: int) -> None:
    made = written(text, Alphabet.AUTO, 0, 7)
    assert len(made.pieces) == parts == measure(text, Counting.GSM).parts
    assert all(len(each.text) <= (160 if made.coding == 0 else 140) for each in made.pieces)


@given(st.text(alphabet=st.sampled_from("a€가😀\n"), min_size=1, max_size=300))
def test_no_character_is_split_and_none_is_lost(text: str) -> None:
    made = written(text, Alphabet.UCS2, 0, 300) if len(text.encode("utf-16-be")) <= 6 * 132 else None
    if made is not None:
        bodies = [each.text[6:] if each.has_header else each.text for each in made.pieces]
        assert "".join(body.decode("utf-16-be") for body in bodies) == text
        assert all(len(each.text) <= 140 for each in made.pieces)


def test_what_an_alphabet_does_not_have_is_refused() -> None:
    for text, alphabet in [("ü", Alphabet.CP949), ("\ud800", Alphabet.UCS2), ("가" * 500, Alphabet.AUTO)]:
        with pytest.raises(Refused) as problem:
            written(text, alphabet, 0, 0)
        assert problem.value.code == "UNSENDABLE" and not problem.value.retry
