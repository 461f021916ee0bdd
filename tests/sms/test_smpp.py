"""The SMPP driver against a message centre that others wrote: binds, texts, parts, receipts, and every way to be cut off.

OP-SMS, ADM-SMSCFG
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sms.peers import OwnReactor
from tests.sms.smsc_peer import Smsc
from wizhelper.sms import outgoing
from wizhelper.sms.gateway import DeliveryState, OutgoingText, Refused, TextKind, Uncertain
from wizhelper.sms.providers import smpp_link, smpp_session
from wizhelper.sms.providers.smpp import SmppGateway, SmppKind, SmppSettings

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")

TEXT = OutgoingText(key="k-1", to="+821012345678", sender="0212345678", text="Code 482913", kind=TextKind.SMS)
KOREAN = replace(TEXT, text="원격지원 접속번호 482913")
LONG = replace(TEXT, text="가나다라마" * 20)
BOUND = {"system_id": "wiz", "password": "right"}


class Bench:
    def __init__(self, own: OwnReactor, smsc: Smsc) -> None:
        self.own, self.smsc = own, smsc
        self.open: list[SmppGateway] = []

    def gateway(self, local_allowed: bool = True, **more: Any) -> SmppGateway:
        settings = SmppSettings(**{"host": "127.0.0.1", "port": self.smsc.port, **BOUND, **more})
        agent = outgoing.make_agent(self.own.reactor, local_allowed)
        made = SmppKind().open(settings, self.own.reactor, agent)
        self.open.append(made)
        return made

    def bound(self, **more: Any) -> SmppGateway:
        made = self.gateway(**more)
        self.until(lambda: made._link._session is not None and made._link._session.is_bound)
        return made

    def until(self, happened: Any) -> None:
        self.own.until(happened)

    def tell(self, command: str, **more: Any) -> None:
        before = len(self.smsc.told("done"))
        self.smsc.tell(command, **more)
        self.until(lambda: len(self.smsc.told("done")) > before)

    def send(self, gateway: SmppGateway, text: OutgoingText = TEXT) -> str:
        found: str = self.own.result(gateway.send(text)).provider_id
        return found

    def begin(self, gateway: SmppGateway, text: OutgoingText = TEXT) -> list[Any]:
        """A list that gets the result when it comes."""
        found: list[Any] = []
        gateway.send(text).addBoth(found.append)
        return found

    def submitted(self, count: int) -> list[dict[str, Any]]:
        self.until(lambda: len(self.smsc.told("submit")) >= count)
        return self.smsc.told("submit")

    def receipt(self, message: str, stat: str, **fields: Any) -> None:
        before = len(self.smsc.told("delivered"))
        text = (
            f"id:{message} sub:001 dlvrd:001 submit date:2601310930 done date:2601310931 stat:{stat} err:000 text:Code"
        )
        self.tell("deliver", fields={"esm_class": 4, "short_message": text, **fields})
        self.until(lambda: len(self.smsc.told("delivered")) > before)


@pytest.fixture
def bench(own: OwnReactor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(smpp_link, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(smpp_link, "DRAIN_S", 0.3)
    smsc = Smsc()
    made = Bench(own, smsc)
    yield made
    for gateway in made.open:
        own.result(gateway.close())
    smsc.close()


# --- texts ------------------------------------------------------------------------------------------------------------


def test_it_binds_as_transceiver_and_sends(bench: Bench) -> None:
    assert bench.send(bench.gateway()) == "a1"
    assert bench.smsc.told("bind") == [{"event": "bind", "id": "wiz", "version": 0x34}]
    (seen,) = bench.submitted(1)
    assert (seen["to"], seen["from"], seen["ton"]) == ("821012345678", "82212345678", [1, 1])
    assert (seen["text"], seen["coding"], seen["esm"], seen["registered"]) == ("Code 482913", 0, 0, 1)


def test_korean_goes_out_as_ucs2_and_numbers_as_they_are_dialled(bench: Bench) -> None:
    bench.send(bench.gateway(numbers="national"), KOREAN)
    (seen,) = bench.submitted(1)
    assert (seen["text"], seen["coding"]) == (KOREAN.text, 8)
    assert (seen["to"], seen["from"], seen["ton"]) == ("01012345678", "0212345678", [0, 0])


def test_a_centre_that_takes_cp949_gets_its_bytes(bench: Bench) -> None:
    bench.send(bench.gateway(alphabet="cp949", data_coding=0x84), replace(TEXT, text="뷁 번호"))
    (seen,) = bench.submitted(1)
    assert seen["coding"] == 0x84
    assert seen["text"] in ("뷁 번호".encode("cp949").hex(), "뷁 번호".encode("cp949").decode("latin-1"))
    with pytest.raises(Refused):
        bench.send(bench.open[0], replace(TEXT, text="ü"))


def test_a_long_text_goes_out_in_parts_that_belong_together(bench: Bench) -> None:
    assert bench.send(bench.gateway(), LONG) == "a1,a2"
    first, second = bench.submitted(2)
    assert first["text"] + second["text"] == LONG.text
    assert [each["esm"] for each in (first, second)] == [0x40, 0x40]
    headers = [bytes.fromhex("".join(each["udh"]))[-3:] for each in (first, second)]
    assert [h[1:] for h in headers] == [b"\x02\x01", b"\x02\x02"] and headers[0][0] == headers[1][0]


# --- receipts ---------------------------------------------------------------------------------------------------------


def polled(bench: Bench, gateway: SmppGateway, *ids: str) -> list[tuple[str, DeliveryState, str]]:
    return [(r.provider_id, r.state, r.code) for r in bench.own.result(gateway.poll(ids))]


def test_a_receipt_is_answered_and_found(bench: Bench) -> None:
    gateway = bench.gateway()
    message = bench.send(gateway)
    assert polled(bench, gateway, message) == []
    bench.receipt(message, "DELIVRD")
    assert bench.smsc.told("delivered")[0]["status"] == 0
    assert polled(bench, gateway) == [(message, DeliveryState.DELIVERED, "DELIVRD")]
    assert polled(bench, gateway, message) == []


@pytest.mark.parametrize("stat", ["UNDELIV", "EXPIRED", "REJECTD", "DELETED"])
def test_a_failure_is_told_with_the_centres_word(bench: Bench, stat: str) -> None:
    gateway = bench.gateway()
    bench.receipt(bench.send(gateway), stat)
    assert polled(bench, gateway, "a1") == [("a1", DeliveryState.FAILED, stat)]


def test_parameters_count_more_than_text(bench: Bench) -> None:
    gateway = bench.gateway()
    message = bench.send(gateway)
    bench.receipt("other", "DELIVRD", receipted_message_id=message, message_state=5)
    assert polled(bench, gateway, message) == [(message, DeliveryState.FAILED, "UNDELIV")]


def test_a_text_in_parts_is_delivered_when_all_of_it_is(bench: Bench) -> None:
    gateway = bench.gateway()
    whole = bench.send(gateway, LONG)
    bench.receipt("a2", "DELIVRD")
    assert polled(bench, gateway, whole) == []
    bench.receipt("a1", "DELIVRD")
    assert polled(bench, gateway, whole) == [(whole, DeliveryState.DELIVERED, "DELIVRD")]


def test_one_lost_part_is_a_failure(bench: Bench) -> None:
    gateway = bench.gateway()
    whole = bench.send(gateway, LONG)
    bench.receipt("a2", "UNDELIV")
    assert polled(bench, gateway, whole)[0][1] is DeliveryState.FAILED


def test_a_receipt_finds_its_text_after_a_restart(bench: Bench) -> None:
    first = bench.gateway()
    whole = bench.send(first, LONG)
    bench.own.result(first.close())
    second = bench.bound()
    for part in whole.split(","):
        bench.receipt(part, "DELIVRD")
    assert polled(bench, second, whole) == [(whole, DeliveryState.DELIVERED, "DELIVRD")]


def test_a_centre_may_write_its_ids_in_two_ways(bench: Bench) -> None:
    gateway = bench.gateway(receipt_ids="decimal")
    message = bench.send(gateway)
    assert message == str(0xA1)
    bench.receipt(f"0{0xA1}", "DELIVRD")
    assert polled(bench, gateway, message)[0][1] is DeliveryState.DELIVERED


def test_people_may_answer_and_receipts_may_be_nonsense(bench: Bench) -> None:
    gateway = bench.bound()
    for fields in (
        {"short_message": "id:a1 stat:DELIVRD"},
        {"esm_class": 4, "short_message": "nothing"},
        {"esm_class": 4, "short_message": "id:a1 stat:ENROUTE"},
        {"esm_class": 4, "short_message": ""},
    ):
        before = len(bench.smsc.told("delivered"))
        bench.tell("deliver", fields=fields)
        bench.until(lambda seen=before: len(bench.smsc.told("delivered")) > seen)
    assert polled(bench, gateway, "a1") == []
    assert bench.send(gateway) == "a1"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "retry"), [(0x58, True), (0x14, True), (0x08, True), (0x0B, False), (0x0A, False), (0x413, False)]
)
def test_a_centre_says_no(bench: Bench, status: int, retry: bool) -> None:
    gateway = bench.bound()
    bench.tell("answer", values=[status])
    with pytest.raises(Refused) as problem:
        bench.send(gateway)
    assert (problem.value.code, problem.value.retry) == (f"SMPP_{status:02X}", retry)


def test_after_throttling_it_pauses_and_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "THROTTLED_S", 0.2)
    gateway = bench.bound()
    bench.tell("answer", values=[0x58])
    with pytest.raises(Refused):
        bench.send(gateway)
    found = bench.begin(gateway)
    bench.own.turn(0.05)
    assert len(bench.smsc.told("submit")) == 1
    bench.until(lambda: found)
    assert found[0].provider_id == "a1"


def test_a_wrong_password_is_said_and_never_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "READY_S", 0.3)
    with pytest.raises(Refused) as problem:
        bench.send(bench.gateway(password="s3cret-9"))
    assert (problem.value.code, problem.value.retry) == ("SMPP_0E", True)
    assert "s3cret-9" not in repr(problem.value) + repr(bench.open[0]) + repr(bench.open[0]._settings)
    assert len(bench.smsc.told("bind")) > 1, "it goes on trying"


def test_a_later_part_goes_out_again_and_never_the_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "THROTTLED_S", 0.05)
    monkeypatch.setattr("wizhelper.sms.providers.smpp.PART_WAITS_S", (0.05, 0.05))
    gateway = bench.bound()
    bench.tell("answer", values=[0, 0x58, 0x58, 0])
    assert bench.send(gateway, LONG) == "a1,a2"
    texts = [each["text"] for each in bench.submitted(4)]
    assert len(texts) == 4 and texts[1] == texts[2] == texts[3]


def test_half_a_text_is_uncertain(bench: Bench) -> None:
    gateway = bench.bound()
    bench.tell("answer", values=[0, 0x0B])
    with pytest.raises(Uncertain):
        bench.send(gateway, LONG)


# --- the line ---------------------------------------------------------------------------------------------------------


def test_the_window_holds_back_what_is_too_much(bench: Bench) -> None:
    gateway = bench.bound(window=3)
    bench.tell("hold")
    found = [bench.begin(gateway, replace(TEXT, text=f"n{n}")) for n in range(8)]
    bench.submitted(3)
    bench.own.turn(0.2)
    assert len(bench.smsc.told("submit")) == 3
    bench.tell("release")
    bench.until(lambda: all(found))
    assert len({each[0].provider_id for each in found}) == 8
    assert [each["text"] for each in bench.smsc.told("submit")] == [f"n{n}" for n in range(8)]


def test_what_did_not_come_out_of_the_window_was_not_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "READY_S", 0.3)
    gateway = bench.bound(window=1)
    bench.tell("hold")
    first, second = bench.begin(gateway), bench.begin(gateway)
    bench.until(lambda: second)
    assert second[0].check(Refused) and second[0].value.retry and not first


def test_a_cut_makes_open_texts_uncertain_and_the_next_goes_out(bench: Bench) -> None:
    gateway = bench.bound()
    bench.tell("hold")
    open_ones = [bench.begin(gateway) for _ in range(3)]
    bench.submitted(3)
    bench.tell("cut")
    bench.until(lambda: all(open_ones))
    assert all(each[0].check(Uncertain) for each in open_ones)
    bench.tell("release")
    assert bench.send(gateway).startswith("a")
    assert len(bench.smsc.told("bind")) == 2


def test_a_silent_centre_makes_a_text_uncertain(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "ANSWER_S", 0.3)
    gateway = bench.bound()
    bench.tell("hold")
    with pytest.raises(Uncertain):
        bench.send(gateway)
    bench.tell("release")
    bench.own.turn(0.1)
    assert bench.send(gateway) == "a2", "an answer that comes too late is passed over"


def test_it_asks_whether_the_centre_is_there_and_answers_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp_session, "SILENCE_S", 0.2)
    bench.bound()
    bench.until(lambda: len(bench.smsc.told("enquire")) >= 2)
    bench.tell("enquire")
    bench.until(lambda: bench.smsc.told("alive"))


def test_a_line_without_a_heartbeat_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_session, "SILENCE_S", 0.1)
    monkeypatch.setattr(smpp_session, "HEARTBEAT_S", 0.1)
    bench.bound()
    bench.tell("mute")
    bench.until(lambda: len(bench.smsc.told("bind")) >= 2)


@pytest.mark.parametrize("hex", ["0000000400000005", "ff" * 16, "00000009" + "00" * 12, "47455420"])
def test_garbage_ends_the_connection_and_a_new_one_begins(bench: Bench, hex: str) -> None:
    gateway = bench.bound()
    bench.tell("hold")
    found = bench.begin(gateway)
    bench.submitted(1)
    bench.tell("raw", hex=hex + "00" * 16)
    bench.until(lambda: found and len(bench.smsc.told("bind")) == 2)
    assert found[0].check(Uncertain)


@pytest.mark.parametrize(
    "hex",
    [
        "00000010000000ff0000000000000001",
        "00000012000000050000000000000001ffff",
        "00000010800000040000000000000999",
    ],
)
def test_a_strange_request_is_answered_and_the_line_stays(bench: Bench, hex: str) -> None:
    gateway = bench.bound()
    bench.tell("raw", hex=hex)
    bench.own.turn(0.1)
    assert bench.send(gateway) == "a1"
    assert len(bench.smsc.told("bind")) == 1


def test_when_the_centre_says_good_bye_it_comes_back(bench: Bench) -> None:
    gateway = bench.bound()
    bench.tell("unbind")
    bench.until(lambda: len(bench.smsc.told("bind")) == 2)
    assert bench.send(gateway) == "a1"


def test_closing_says_good_bye_after_the_open_answers(bench: Bench) -> None:
    gateway = bench.bound()
    bench.tell("hold")
    found = bench.begin(gateway)
    bench.submitted(1)
    closed = gateway.close()
    bench.tell("release")
    bench.own.result(closed)
    assert found[0].provider_id == "a1"
    bench.until(lambda: bench.smsc.told("unbind") and bench.smsc.told("close"))
    with pytest.raises(Refused):
        bench.send(gateway)


def test_no_centre_there_is_a_refusal_and_waits_grow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "READY_S", 0.5)
    gateway = bench.gateway(port=1)
    with pytest.raises(Refused) as problem:
        bench.send(gateway)
    assert (problem.value.code, problem.value.retry) == ("NOT_CONNECTED", True)
    assert gateway._link._wait_s > 0.2


def test_it_reaches_no_centre_on_this_machine_unless_the_system_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp_link, "READY_S", 0.3)
    with pytest.raises(Refused):
        bench.send(bench.gateway(local_allowed=False))
    assert bench.smsc.told("bind") == []


def test_five_hundred_texts_go_through_one_window(bench: Bench) -> None:
    gateway = bench.bound()
    found = [bench.begin(gateway, replace(TEXT, text=str(n))) for n in range(500)]
    bench.until(lambda: all(found))
    assert len({each[0].provider_id for each in found}) == 500
