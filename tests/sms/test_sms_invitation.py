"""Invitations: what may be sent, to whom and how often; what a template may say; the link that works once.

OP-SMS ADM-SMSCFG; security entry point E8
"""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from tests.sms.sms_fakes import FakeKind, Office
from wizhelper.http.errors import ApiError
from wizhelper.records.model import SessionEvent, SupportSession
from wizhelper.sms import words
from wizhelper.sms.model import SmsGateway, SmsLink, SmsMessage
from wizhelper.store.audit import AuditLine


def _count(office: Office) -> int:
    return len(office.world.db.look(lambda s: list(s.scalars(select(SmsMessage.id)))))


# --- sending ----------------------------------------------------------------------------------------------------------


def test_the_preview_is_the_message_but_for_the_letters_of_the_link(office: Office) -> None:
    session, template = office.waiting(), office.kim.api("GET", "/sms/options").json["templates"][0]["id"]
    preview = office.kim.api("POST", "/sms/preview", {"session": session["id"], "template": template}).json
    sent = office.order().json
    token = sent["text"].partition("/s/")[2].split()[0]
    assert preview["text"] == sent["text"].replace(token, "x" * 12)
    assert preview["text"].startswith("[Company ALPHA] 원격지원 접속: https://support.example:8443/s/x")
    assert session["number"] in preview["text"]
    assert preview["measure"]["used"] == len(sent["text"].encode("cp949"))
    assert preview["leaves"] is False


def test_an_order_that_is_repeated_is_one_message(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    request = str(uuid.uuid4())
    first, second = office.order(request=request), office.order(request=request)
    assert first.json["id"] == second.json["id"]
    assert (_count(office), len(kind.provider("one").sent)) == (1, 1)


def test_the_record_of_the_session_says_so_without_the_number(office: Office) -> None:
    session = office.waiting()["id"]
    office.send()
    query = select(SessionEvent).where(SessionEvent.session_id == session, SessionEvent.type == "invited")
    (event,) = office.world.db.look(lambda s: list(s.scalars(query)))
    assert event.data == {"to": "010-****-5678", "template": "기본"}


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("02-123-4567", "SMS_PREFIX"),
        ("+1 650 555 0100", "SMS_PREFIX"),
        ("060-700-1234", "SMS_PREFIX"),
        ("nobody", "SMS_NUMBER"),
        ("010-1234", "SMS_NUMBER"),
        ("01012345678,01012345679", "SMS_NUMBER"),
    ],
)
def test_only_mobile_numbers_at_home_get_messages(office: Office, to: str, code: str) -> None:
    assert office.order(to).code == code
    assert _count(office) == 0


def test_another_country_is_allowed_by_its_prefix(office: Office) -> None:
    office.set_limits(prefixes=["+8210", "+1650"])
    assert office.order("+1 650 555 0100").status == 201


def test_a_stolen_session_sends_no_more_than_the_limit_of_its_operator(office: Office, kind: FakeKind) -> None:
    """E8: 1,000 tries, 20 leave the gateway."""
    office.add_gateway("one")
    office.set_limits(operator_day=20)
    codes = [office.order(f"010-2000-{n:04}", confirmed=True).code for n in range(60)]
    assert codes[:20] == [""] * 20 and set(codes[20:]) == {"SMS_OPERATOR_LIMIT"}
    assert len(kind.provider("one").sent) == 20
    office.world.time.advance(hours=25)
    office.kim = office.world.logged_in("kim")
    assert office.order().status == 201


def test_a_number_gets_three_a_day_whoever_sends(office: Office) -> None:
    assert [office.order().code for _ in range(4)] == ["", "", "", "SMS_NUMBER_LIMIT"]
    office.kim = office.world.logged_in("lee")
    assert office.order("+82 10 1234 5678").code == "SMS_NUMBER_LIMIT"
    assert office.order("010-1234-5679").status == 201


def test_a_company_has_a_limit_of_its_own(office: Office) -> None:
    office.set_limits(company_month=2)
    assert [office.order(f"010-2000-{n:04}").code for n in range(3)] == ["", "", "SMS_COMPANY_LIMIT"]


def test_many_in_a_short_time_need_a_second_word(office: Office) -> None:
    answers = [office.order(f"010-2000-{n:04}") for n in range(6)]
    assert [a.code for a in answers] == [*[""] * 5, "SMS_CONFIRM"]
    assert office.order("010-2000-0009", confirmed=True).status == 201
    office.world.time.advance(minutes=11)
    assert office.order("010-2000-0010").status == 201


def test_a_session_that_does_not_wait_is_no_place_to_invite_to(office: Office) -> None:
    session = office.waiting()["id"]
    office.kim.api("POST", f"/sessions/{session}/cancel")
    assert office.order(session=session).code == "SMS_NOT_WAITING"


def test_the_session_and_the_template_are_ones_own(office: Office) -> None:
    other = office.world.logged_in("kim", "beta")
    foreign = other.api("POST", "/sessions").json["id"]
    template = other.api("GET", "/sms/options").json["templates"][0]["id"]
    lee = office.world.logged_in("lee").api("POST", "/sessions").json["id"]
    assert [office.order(session=each).code for each in (foreign, lee)] == ["NOT_FOUND"] * 2
    assert office.order(template=template).code == "NOT_FOUND"


def test_switched_off_nothing_is_sent(office: Office) -> None:
    office.set_limits(enabled=False)
    assert office.order().code == "SMS_OFF"
    assert office.kim.api("GET", "/sms/options").json["enabled"] is False


def test_a_long_text_needs_leave(office: Office) -> None:
    long = office.kim.api("GET", "/sms/options").json["templates"][1]
    office.set_limits(long_allowed=False)
    assert office.order(template=long["id"]).code == "SMS_TOO_LONG"
    office.set_limits(long_allowed=True)
    sent = office.order(template=long["id"]).json
    assert (sent["kind"], sent["subject"]) == ("LMS", "원격지원 안내")


def test_a_name_with_characters_that_cannot_be_sent_is_said(office: Office) -> None:
    office.world.set_company(name="Émile 😀")
    answer = office.order()
    assert (answer.code, answer.json["error"]["details"]["characters"]) == ("SMS_CHARACTERS", "É😀")


def test_lists_are_ones_own_and_masked(office: Office) -> None:
    office.send()
    mine = office.kim.api("GET", "/sms/messages?q=010-1234").json
    assert (mine["total"], mine["items"][0]["to"]) == (1, "010-****-5678")
    assert "12345678" not in json.dumps(mine)
    assert office.kim.api("GET", "/sms/messages?q=0109").json["total"] == 0
    assert office.world.logged_in("lee").api("GET", "/sms/messages").json["total"] == 0
    for reader in ("boss", "chief", "audit"):
        assert office.world.logged_in(reader).api("GET", "/sms/messages?state=kept").json["total"] == 1
    assert office.boss.api("GET", "/sms/messages?state=failed").json["total"] == 0
    assert office.boss.api("GET", "/sms/messages?state=nonsense").code == "INVALID_FIELDS"
    assert office.boss.api("GET", "/sms/messages?sort=to").code == "INVALID_FIELDS"
    assert office.world.logged_in("boss", "beta").api("GET", "/sms/messages").json["total"] == 0


# --- templates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": "no link"},
        {"body": "{link} https://evil.example"},
        {"body": "{link} WWW.evil.example"},
        {"body": "{link} {password}"},
        {"body": "{link} {}"},
        {"body": "{link}" + "가" * 998},
        {"subject": "가" * 21},
        {"subject": "http://x"},
        {"name": "  "},
    ],
)
def test_a_template_holds_the_link_and_no_other_address(wrong: dict[str, str]) -> None:
    with pytest.raises(ApiError) as problem:
        words.checked(words.Words(**{"name": "one", "subject": "", "body": "{link}", **wrong}))
    assert problem.value.code == "INVALID_FIELDS"


def test_values_cannot_bring_lines_or_placeholders_of_their_own() -> None:
    template = words.Words("one", "", "[{company}] {operator} {link} {number}")
    values = {"company": "A\r\nB" + "x" * 99, "operator": "{link}", "link": "https://h/s/t", "number": "123456"}
    text = words.filled(template, values).body
    assert text == "[A B" + "x" * 37 + "] {link} https://h/s/t 123456"


def test_templates_are_kept_by_administrators(office: Office) -> None:
    form = {"name": "새 문구", "subject": "", "body": "{company} {link}", "active": True}
    made = office.boss.api("POST", "/sms/templates", form).json
    assert office.boss.api("POST", "/sms/templates", form).code == "CODE_TAKEN"
    off = {**form, "active": False}
    assert office.boss.api("PUT", f"/sms/templates/{made['id']}", off).json["active"] is False
    assert made["id"] not in [t["id"] for t in office.kim.api("GET", "/sms/options").json["templates"]]
    assert office.order(template=made["id"]).code == "NOT_FOUND"
    assert office.boss.api("DELETE", f"/sms/templates/{made['id']}").status == 204
    shown = office.boss.api("POST", "/sms/templates/preview", form).json
    assert shown["text"] == "Company ALPHA https://support.example:8443/s/xxxxxxxxxxxx"


# --- gateways ---------------------------------------------------------------------------------------------------------


def test_a_secret_is_sealed_in_the_database_and_never_shown(office: Office, kind: FakeKind) -> None:
    gateway = office.add_gateway("one")
    row = office.world.db.look(lambda s: s.get_one(SmsGateway, gateway))
    assert "k3y" not in row.sealed and row.settings == {"provider": "one", "port": 1}
    for who in ("boss", "chief", "audit"):
        answer = office.world.logged_in(who).api("GET", "/sms/gateways")
        assert "k3y" not in answer.text and answer.json["items"][0]["secrets"] == ["key"]
        assert (answer.json["items"][0]["callback"] is not None) == (who == "boss")
    assert kind.opened[-1].key.get_secret_value() == "k3y"
    audit = office.world.db.look(lambda s: "".join(s.scalars(select(AuditLine.body))))
    assert "k3y" not in audit and "sms.gateway_added" in audit


def test_a_secret_that_is_left_out_stays(office: Office, kind: FakeKind) -> None:
    gateway = office.add_gateway("one")
    for key in ({}, {"key": ""}):
        form = {"name": "1", "sender": "021234567", "enabled": True, "settings": {"provider": "one", "port": 2, **key}}
        assert office.boss.api("PUT", f"/sms/gateways/{gateway}", form).status == 200
        assert (kind.opened[-1].port, kind.opened[-1].key.get_secret_value()) == (2, "k3y")
    form["settings"] = {"provider": "one", "key": "new"}
    office.boss.api("PUT", f"/sms/gateways/{gateway}", form)
    assert kind.opened[-1].key.get_secret_value() == "new"


def test_a_secret_does_not_move_to_another_server(office: Office) -> None:
    """Whoever changes the address has to know the secret: it cannot be fetched by pointing the gateway at oneself."""
    form = {"name": "1", "sender": "021234567", "enabled": True}
    url, secret = {"url": "https://sms.example/a?k={{secret}}"}, {"secret": "s3cret"}
    made = office.boss.api("POST", "/sms/gateways", {**form, "kind": "http", "settings": {**url, **secret}}).json
    path = f"/sms/gateways/{made['id']}"
    moved = {"url": "https://evil.example/a?k={{secret}}"}
    refused = office.boss.api("PUT", path, {**form, "settings": moved})
    assert (refused.code, list(refused.json["error"]["fields"])) == ("INVALID_FIELDS", ["settings.secret"])
    assert office.boss.api("PUT", path, {**form, "settings": {"url": "https://sms.example/b"}}).status == 200
    assert office.boss.api("PUT", path, {**form, "settings": {**moved, **secret}}).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "unknown"},
        {"sender": "<b>"},
        {"settings": {"provider": "one"}},
        {"settings": {"provider": "one", "key": "k", "port": "many"}},
        {"settings": {"provider": "one", "key": "k", "more": 1}},
        {"settings": {"provider": "one", "key": ["k"]}},
    ],
)
def test_settings_that_do_not_fit_the_provider_are_refused(
    office: Office, kind: FakeKind, wrong: dict[str, Any]
) -> None:
    body = {"kind": "fake", "name": "x", "sender": "021234567", "settings": {"provider": "one", "key": "k"}, **wrong}
    answer = office.boss.api("POST", "/sms/gateways", body)
    assert answer.code == "INVALID_FIELDS" and "k3y" not in answer.text
    assert office.boss.api("GET", "/sms/gateways").json["items"] == []


def test_under_another_key_of_the_data_folder_a_gateway_says_that_it_is_broken(office: Office, kind: FakeKind) -> None:
    gateway = office.add_gateway("one")

    def spoil(session: Any) -> None:
        session.get_one(SmsGateway, gateway).sealed = "1.AAAA"

    office.world.db.transact(spoil)
    assert office.boss.api("GET", "/sms/gateways").json["items"][0]["broken"] is True
    message = office.send()
    office.tick()
    assert (office.state(message), office.message(message)["message"]["code"]) == ("failed", "SETTINGS")


def test_a_removed_gateway_leaves_its_name_and_nothing_else(office: Office, kind: FakeKind) -> None:
    gateway = office.add_gateway("one")
    message = office.send()
    kind.provider("one").accept()
    assert office.boss.api("DELETE", f"/sms/gateways/{gateway}").status == 204
    row = office.world.db.look(lambda s: s.get_one(SmsGateway, gateway))
    assert (row.sealed, row.settings) == ("", {})
    assert office.message(message)["message"]["gateway"] == "one"
    assert (
        office.boss.api("PUT", f"/sms/gateways/{gateway}", {"name": "x", "sender": "0212345", "settings": {}}).status
        == 404
    )


def test_a_test_goes_through_one_gateway_alone_also_when_it_is_off(office: Office, kind: FakeKind) -> None:
    office.add_gateway("one")
    second = office.add_gateway("two", enabled=False)
    body = {"to": "010-1234-5678", "request": str(uuid.uuid4())}
    message = office.boss.api("POST", f"/sms/gateways/{second}/test", body).json["id"]
    assert office.boss.api("POST", f"/sms/gateways/{second}/test", body).json["id"] == message
    assert (len(kind.provider("one").sent), len(kind.provider("two").sent)) == (0, 1)
    assert "http" not in kind.provider("two").sent[0].text
    assert office.boss.api("POST", f"/sms/gateways/{second}/test", {**body, "to": "02-123-4567"}).status == 201


@pytest.mark.parametrize("prefixes", [[], ["010"], ["+"], ["+82x"], ["*"]])
def test_prefixes_are_country_codes(office: Office, prefixes: list[str]) -> None:
    form = {**office.boss.api("GET", "/sms/settings").json, "prefixes": prefixes}
    assert office.boss.api("PUT", "/sms/settings", form).code == "INVALID_FIELDS"


# --- the link ---------------------------------------------------------------------------------------------------------


def test_the_link_opens_the_page_with_the_number_and_works_once(office: Office) -> None:
    number, message = office.waiting()["number"], office.send()
    path = f"/s/{office.token(message)}"
    customer = office.world.browser()
    for _ in range(3):
        page = customer.get(path)
        assert page.status == 200 and number in page.text, "a preview by a messenger uses nothing up"
    answer = customer.form(path, {"next": "1"})
    assert (answer.status, answer.headers["location"]) == (303, "/join")
    assert "동의" in customer.get("/join").text
    session = office.world.db.look(
        lambda s: s.scalars(select(SupportSession).where(SupportSession.number == number)).one()
    )
    assert (session.state, session.channel) == ("JOINING", "sms")
    again = customer.get(path)
    assert (again.status, again.headers["location"]) == (303, "/join")
    stranger = office.world.browser()
    for used in (stranger.get(path), stranger.form(path, {"next": "1"})):
        assert used.status == 410 and "LINK_USED" in used.text and number not in used.text


def test_the_link_is_over_after_half_an_hour(office: Office) -> None:
    office.world.set_company(waiting_idle_s=3 * 3600)
    path = f"/s/{office.token(office.send())}"
    office.world.time.advance(minutes=29, seconds=59)
    assert office.world.browser().get(path).status == 200
    office.world.time.advance(seconds=1)
    over = office.world.browser().form(path, {"next": "1"}, Accept_Language="en")
    assert over.status == 410 and "LINK_EXPIRED" in over.text


def test_the_link_ends_with_its_session(office: Office) -> None:
    path = f"/s/{office.token(office.send())}"
    office.kim.api("POST", f"/sessions/{office.waiting()['id']}/cancel")
    assert "LINK_EXPIRED" in office.world.browser().get(path).text


def test_a_link_never_leads_into_another_session_that_got_the_same_number(office: Office) -> None:
    path = f"/s/{office.token(office.send())}"
    other = office.world.logged_in("lee").api("POST", "/sessions").json

    def swap(session: Any) -> None:
        session.scalars(select(SmsLink)).one().number = other["number"]

    office.world.db.transact(swap)
    assert "LINK_EXPIRED" in office.world.browser().form(path, {"next": "1"}).text


@pytest.mark.parametrize("token", ["x", "x" * 12, "x" * 13, "%00" * 4, "가" * 12, "..%2f", "' OR 1=1 --"])
def test_a_token_that_was_never_made_is_unknown(office: Office, token: str) -> None:
    office.send()
    answer = office.world.browser().get(f"/s/{quote(token, safe='%')}")
    assert answer.status == 404


def test_the_token_is_not_kept(office: Office) -> None:
    token = office.token(office.send())
    links = office.world.db.look(lambda s: list(s.scalars(select(SmsLink))))
    assert token not in [link.token_hash for link in links] and len(links[0].token_hash) == 64


def test_on_a_telephone_the_page_says_to_open_it_on_the_pc(office: Office) -> None:
    path = f"/s/{office.token(office.send())}"
    page = office.world.browser().get(path, User_Agent="Mozilla/5.0 (iPhone) Mobile")
    assert "PC에서" in page.text and f"https://support.example:8443{path}" in page.text
    assert "<button" not in page.text
