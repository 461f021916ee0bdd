"""The outbox: nothing is lost and nothing doubled; fail-over before acceptance only; delivery by question and by callback.

OP-SMS ADM-SMSCFG
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from fakes import finish
from sqlalchemy import select
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher

from tests.sms.sms_fakes import FakeKind, FindingGateway, Office
from wizhelper import logs
from wizhelper.sms.gateway import Accepted, DeliveryReport, DeliveryState, Refused, TextKind, Uncertain
from wizhelper.sms.model import SmsLink, SmsMessage
from wizhelper.sms.outbox import ANSWER_S
from wizhelper.store.database import StoreBusy

BUSY = Refused("BUSY", "later", retry=True)
NEVER = Refused("BAD_SENDER", "never", retry=False)


def report(state: DeliveryState, provider_id: str = "p-1", code: str = "done") -> DeliveryReport:
    return DeliveryReport(provider_id=provider_id, state=state, code=code, at=None)


def test_a_message_goes_out_once_and_its_delivery_is_asked_for(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    one, message = kind.provider("one"), office.send()
    (text,) = one.sent
    assert (text.key, text.to, text.sender, text.kind) == (message, "+821012345678", "0212345678", TextKind.SMS)
    assert office.state(message) == "sending"
    one.accept()
    assert office.state(message) == "accepted"
    office.tick(6)
    assert one.asked == [["p-1"]]
    one.reports = [report(DeliveryState.DELIVERED)]
    office.tick(30)
    assert office.state(message) == "delivered"
    office.tick(3600)
    assert len(one.asked) == 2 and len(one.sent) == 1


def test_polls_get_rarer_and_end_after_three_days(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    one, message = kind.provider("one"), office.send()
    one.accept()
    for seconds in (6, 30, 120, 600):
        office.tick(seconds)
    assert len(one.asked) == 4
    office.tick(600)
    assert len(one.asked) == 4
    for _ in range(80):
        office.tick(3600)
    assert 70 <= len(one.asked) <= 78
    assert office.state(message) == "accepted"


def test_a_refusal_goes_to_the_next_gateway_at_once(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    office.add_gateway("two")
    message = office.send()
    kind.provider("one").fail(BUSY)
    (text,) = kind.provider("two").sent
    assert text.key == message
    kind.provider("two").accept()
    found = office.message(message)
    assert (found["message"]["state"], found["message"]["gateway"]) == ("accepted", "two")
    assert [(a["gateway"], a["outcome"], a["code"]) for a in found["attempts"]] == [
        ("one", "refused", "BUSY"),
        ("two", "accepted", "OK"),
    ]


def test_after_acceptance_a_failure_goes_to_no_other_gateway(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    office.add_gateway("two")
    message = office.send()
    kind.provider("one").accept()
    kind.provider("one").reports = [report(DeliveryState.FAILED, code="3040")]
    office.tick(6)
    office.tick(600)
    assert office.message(message)["message"]["code"] == "3040"
    assert office.state(message) == "failed"
    assert kind.provider("two").sent == []


@pytest.mark.parametrize("problem", [Uncertain("the line broke"), RuntimeError("a driver's mistake"), None])
def test_without_a_clear_answer_nothing_is_sent_again(office: Office, kind: FakeKind, problem: Any) -> None:
    office.add_gateway("one")
    office.add_gateway("two")
    message = office.send()
    if problem is None:
        office.tick(ANSWER_S + 1)
    else:
        kind.provider("one").fail(problem)
    for seconds in (2, 60, 600, 7200):
        office.tick(seconds)
    assert office.state(message) == "uncertain"
    assert (len(kind.provider("one").sent), len(kind.provider("two").sent)) == (1, 0)


def test_when_all_refuse_there_are_three_rounds_with_pauses(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    office.add_gateway("two")
    message = office.send()
    for wait in (30, 120, 0):
        kind.provider("one").fail(BUSY)
        kind.provider("two").fail(BUSY)
        office.tick(2)
        assert not kind.provider("one").answers
        office.tick(wait)
    office.tick(3600)
    assert office.state(message) == "failed"
    assert (len(kind.provider("one").sent), len(kind.provider("two").sent)) == (3, 3)


def test_who_says_never_is_not_asked_again(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    office.add_gateway("two")
    message = office.send()
    kind.provider("one").fail(NEVER)
    kind.provider("two").fail(BUSY)
    office.tick(32)
    office.tick(2)
    assert (len(kind.provider("one").sent), len(kind.provider("two").sent)) == (1, 2)
    kind.provider("two").fail(NEVER)
    office.tick(2)
    assert office.state(message) == "failed"


def test_a_message_whose_link_is_almost_over_is_not_sent_any_more(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    message = office.send()
    kind.provider("one").fail(BUSY)
    office.world.time.advance(minutes=29)
    office.tick()
    assert office.state(message) == "failed"
    assert len(kind.provider("one").sent) == 1


def test_the_gateways_are_tried_in_the_order_that_was_set(office: Office, kind: FakeKind) -> None:
    first, second = office.add_gateway("one"), office.add_gateway("two")
    assert office.boss.api("PUT", "/sms/gateway-order", {"order": [second, first]}).status == 200
    office.send()
    assert (len(kind.provider("one").sent), len(kind.provider("two").sent)) == (0, 1)


def test_a_message_that_is_queued_when_its_gateways_go_away_fails(office: Office, kind: FakeKind) -> None:
    gateway = office.add_gateway("one")
    message = office.send()
    kind.provider("one").fail(BUSY)
    assert office.boss.api("DELETE", f"/sms/gateways/{gateway}").status == 204
    office.tick(32)
    assert office.state(message) == "failed"
    assert ("close", None) in kind.provider("one").calls


# --- restarts ---------------------------------------------------------------------------------------------------------


def _restart(office: Office) -> None:
    """What a start after a crash does; the answers of the last run never come."""
    finish(office.world.appliance.sms.outbox.start())


def test_killed_while_sending_a_message_is_uncertain_and_not_sent_again(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    message = office.send()
    assert len(kind.provider("one").sent) == 1
    kind.provider("one").lose()
    _restart(office)
    office.tick(600)
    found = office.message(message)
    assert (found["message"]["state"], found["message"]["code"]) == ("uncertain", "INTERRUPTED")
    assert found["attempts"][0]["outcome"] == "uncertain"
    assert len(kind.provider("one").sent) == 1


def test_a_provider_that_can_be_asked_says_that_it_has_it(office: Office, kind: FakeKind) -> None:
    kind.gateway = FindingGateway
    office.add_gateway("one")
    message = office.send()
    kind.provider("one").lose()
    FindingGateway.known = {message: Accepted(provider_id="p-7", raw_status="FOUND")}
    _restart(office)
    assert office.state(message) == "accepted"
    office.tick(6)
    assert kind.provider("one").asked == [["p-7"]]
    assert len(kind.provider("one").sent) == 1


def test_a_provider_that_can_be_asked_says_that_it_never_got_it(office: Office, kind: FakeKind) -> None:
    kind.gateway = FindingGateway
    office.add_gateway("one")
    message = office.send()
    kind.provider("one").lose()
    FindingGateway.known = {}
    _restart(office)
    office.tick(32)
    office.tick(2)
    assert [text.key for text in kind.provider("one").sent] == [message, message]
    kind.provider("one").accept()
    assert office.state(message) == "accepted"


def test_a_late_answer_of_the_last_run_changes_nothing_that_was_settled(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    message = office.send()
    _restart(office)
    kind.provider("one").accept("late")
    assert office.state(message) == "uncertain"


def test_an_answer_is_written_down_although_the_database_was_busy(
    office: Office, kind: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add_gateway("one")
    message, db = office.send(), office.world.db
    real, tries = db.run, []

    async def busy(work: Any) -> Any:
        tries.append(work)
        if len(tries) < 3:
            raise StoreBusy("locked")
        return await real(work)

    monkeypatch.setattr(db, "run", busy)
    kind.provider("one").accept()
    for _ in range(3):
        office.world.reactor.advance(2)
    monkeypatch.undo()
    assert office.state(message) == "accepted"


def test_a_stop_waits_a_little_for_answers(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    message = office.send()
    stopping = office.world.appliance.sms.outbox.stop()
    done: list[Any] = []
    Deferred.fromCoroutine(stopping).addBoth(done.append)
    assert not done
    kind.provider("one").accept()
    assert done == [None]
    assert office.state(message) == "accepted"


# --- delivery ---------------------------------------------------------------------------------------------------------


def _callback(office: Office, gateway: int, body: bytes, signature: str) -> int:
    rows = office.boss.api("GET", "/sms/gateways").json["items"]
    path = next(row["callback"] for row in rows if row["id"] == gateway)
    return office.world.browser().request("POST", path, data=body, headers={"X-Signature": signature}).status


def test_a_signed_callback_says_that_it_was_delivered(office: Office, kind: FakeKind) -> None:
    gateway, one = office.add_gateway("one"), kind.provider("one")
    message = office.send()
    one.accept()
    one.reports = [report(DeliveryState.DELIVERED), report(DeliveryState.DELIVERED, "of somebody else")]
    assert _callback(office, gateway, b"abc", "wrong") == 403
    assert office.state(message) == "accepted"
    assert _callback(office, gateway, b"abc", "cba") == 200
    assert office.state(message) == "delivered"
    one.reports = [report(DeliveryState.FAILED)]
    assert _callback(office, gateway, b"abc", "cba") == 200
    assert office.state(message) == "delivered"


def test_a_callback_speaks_for_its_own_gateway_only(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    other = office.add_gateway("two")
    message = office.send()
    kind.provider("one").accept()
    kind.provider("two").reports = [report(DeliveryState.FAILED)]
    assert _callback(office, other, b"abc", "cba") == 200
    assert office.state(message) == "accepted"


@pytest.mark.parametrize("path", ["/sms/callback/nobody", "/sms/callback/", "/sms/callback/a/b"])
def test_a_callback_to_nowhere_is_not_found(office: Office, path: str) -> None:
    assert office.world.browser().request("POST", path, data=b"x").status == 404


def test_a_late_delivery_corrects_a_failure(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    message = office.send()
    kind.provider("one").accept()
    kind.provider("one").reports = [report(DeliveryState.SENT), report(DeliveryState.FAILED)]
    office.tick(6)
    assert office.state(message) == "failed"
    outbox = office.world.appliance.sms.outbox
    finish(outbox._take(1, [report(DeliveryState.DELIVERED)]))
    assert office.state(message) == "delivered"


# --- telling and keeping ----------------------------------------------------------------------------------------------


def test_the_console_of_the_sender_follows(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    kim, lee = office.world.console(office.kim), office.world.console(office.world.logged_in("lee"))
    message = office.send()
    kind.provider("one").accept()
    assert [m["message"]["state"] for m in kim.of_type("sms")] == ["sending", "accepted"]
    assert {m["message"]["id"] for m in kim.of_type("sms")} == {message}
    assert lee.of_type("sms") == []


def test_what_a_provider_says_is_kept_without_the_number(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    message = office.send()
    said = "no route to 01012345678 / +821012345678\n\x1b[31m" + "x" * 500
    kind.provider("one").fail(Refused("E" * 200, said, retry=False))
    office.tick()
    found = office.message(message)
    assert "1234567" not in str(found) and "\x1b" not in found["detail"] and len(found["detail"]) <= 300
    assert found["message"]["code"] == "E" * 64


def test_how_long_messages_are_kept_is_the_companys_word_and_old_links_go_by_themselves(office: Office) -> None:
    message = office.send()
    assert office.world.db.look(lambda s: s.scalars(select(SmsLink.session_id)).all()) != []
    office.world.time.advance(hours=24 * 8)
    office.tick()
    assert office.world.db.look(lambda s: s.scalars(select(SmsLink.session_id)).all()) == []
    office.world.time.advance(hours=24 * 400)
    office.tick()
    assert office.world.db.look(lambda s: s.get(SmsMessage, message)) is not None


def test_without_a_gateway_a_message_stays_here_and_says_so(office: Office) -> None:
    message = office.send()
    assert office.state(message) == "kept"
    assert office.kim.api("GET", "/sms/options").json["leaves"] is False
    office.tick(600)
    assert office.state(message) == "kept"


def test_the_log_has_no_number_no_text_and_no_secret(office: Office, kind: FakeKind) -> None:
    """Security entry point E19."""
    out = io.StringIO()
    observer = logs.observer(out)
    globalLogPublisher.addObserver(observer)
    try:
        office.add_gateway("one")
        first, second = office.send(), office.send("010-2222-3333")
        kind.provider("one").fail(Refused("NO", "to 01012345678", retry=False))
        kind.provider("one").fail(Uncertain("to 01022223333"))
        token = office.token(first)
    finally:
        globalLogPublisher.removeObserver(observer)
    written = out.getvalue()
    assert first in written and second in written
    for secret in ("12345678", "22223333", token, "k3y", "원격지원"):
        assert secret not in written


def test_a_gateway_that_was_removed_is_not_asked_any_more(office: Office, kind: FakeKind) -> None:
    gateway = office.add_gateway("one")
    office.send()
    kind.provider("one").accept()
    office.boss.api("DELETE", f"/sms/gateways/{gateway}")
    office.tick(6)
    assert kind.provider("one").asked == []
