"""Drivers of HTTP providers against servers on loopback: what they ask byte for byte, and what they make of every answer.

OP-SMS, ADM-SMSCFG
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from pydantic import ValidationError

from tests.sms.peers import OwnReactor, PlayedProvider, Said, said
from wizhelper.sms import exchange, outgoing
from wizhelper.sms.configuration import secret_names
from wizhelper.sms.gateway import (
    BadSignature,
    DeliveryReport,
    DeliveryState,
    OutgoingText,
    Refused,
    TextKind,
    Uncertain,
)
from wizhelper.sms.kinds import KINDS
from wizhelper.sms.providers import twilio, vonage
from wizhelper.sms.providers.vonage import SignatureMethod
from wizhelper.sms.providers.web_api import moment
from wizhelper.sms.view import described_kind

ROOT = Path(__file__).parents[2]

TEXT = OutgoingText(
    key="key-7", to="+821012345678", sender="0212345678", text="[지원] 접속 & 번호=482913\n끝", kind=TextKind.SMS
)
LONG = replace(TEXT, kind=TextKind.LMS, subject="원격지원", text="가" * 60)
ABROAD = replace(TEXT, to="+14155550100")
ACCOUNT = "AC" + "1" * 32
SETTINGS: dict[str, dict[str, Any]] = {
    "solapi": {"api_key": "KEY-solapi", "api_secret": "SECRET-solapi"},
    "aligo": {"user_id": "wiz", "api_key": "SECRET-aligo"},
    "nhn": {"app_key": "SECRET-app", "secret_key": "SECRET-nhn"},
    "sens": {"service_id": "ncp:sms:kr:12:wiz", "access_key": "KEY-sens", "secret_key": "SECRET-sens"},
    "twilio": {"account": ACCOUNT, "token": "SECRET-twilio"},
    "vonage": {"api_key": "abc", "api_secret": "SECRET-vonage"},
}
TAKEN: dict[str, Said] = {
    "solapi": said({"messageId": "M1", "statusCode": "2000", "groupId": "G1"}),
    "aligo": said({"result_code": "1", "message": "success", "msg_id": "123456789", "success_cnt": 1}),
    "nhn": said({"header": {"isSuccessful": True, "resultCode": 0}, "body": {"data": {"requestId": "R1"}}}),
    "sens": said({"statusCode": "202", "statusName": "success", "requestId": "Q1"}, 202),
    "twilio": said({"sid": "SM1", "status": "queued", "error_code": None}, 201),
    "vonage": said({"message-count": "1", "messages": [{"status": "0", "message-id": "V1"}]}),
}
IDS = {"solapi": "M1", "aligo": "123456789", "nhn": "sms/R1", "sens": "Q1", "twilio": "SM1", "vonage": "V1"}
NAMES = list(SETTINGS)
KOREAN = ["solapi", "aligo", "nhn", "sens"]


class Bench:
    """One driver, opened against the server that plays its provider."""

    def __init__(self, name: str, own: OwnReactor, provider: PlayedProvider, **more: Any) -> None:
        self.own, self.provider = own, provider
        kind = KINDS[name]
        made = kind.settings.model_validate({**SETTINGS[name], "url": provider.url, **more})
        self.gateway = kind.open(made, own.reactor, outgoing.make_agent(own.reactor, local_allowed=True))

    def send(self, answer: Said, text: OutgoingText = TEXT) -> Any:
        self.provider.answers = [answer]
        return self.own.result(self.gateway.send(text))

    def poll(self, *answers: Said, ids: tuple[str, ...]) -> list[DeliveryReport]:
        self.provider.answers = list(answers)
        found: list[DeliveryReport] = self.own.result(self.gateway.poll(ids))
        return found


@pytest.fixture
def bench(own: OwnReactor, provider: PlayedProvider) -> Any:
    return lambda name, **more: Bench(name, own, provider, **more)


# --- what each one asks -----------------------------------------------------------------------------------------------


def test_solapi_signs_date_and_salt(bench: Any, provider: PlayedProvider) -> None:
    assert bench("solapi").send(TAKEN["solapi"]).provider_id == "M1"
    (seen,) = provider.seen
    assert (seen.method, seen.path) == ("POST", "/messages/v4/send")
    assert json.loads(seen.body) == {
        "message": {
            "to": "01012345678",
            "from": "0212345678",
            "text": TEXT.text,
            "type": "SMS",
            "autoTypeDetect": False,
            "customFields": {"key": "key-7"},
        }
    }
    found = re.fullmatch(
        r"HMAC-SHA256 apiKey=KEY-solapi, date=(\S+), salt=(\S{12,64}), signature=([0-9a-f]{64})",
        seen.headers["authorization"],
    )
    assert found is not None
    date, salt, signature = found.groups()
    assert hmac.new(b"SECRET-solapi", (date + salt).encode(), hashlib.sha256).hexdigest() == signature
    assert abs(datetime.fromisoformat(date).timestamp() - time.time()) < 60


def test_solapi_never_uses_a_salt_twice(bench: Any, provider: PlayedProvider) -> None:
    one = bench("solapi")
    one.send(TAKEN["solapi"])
    one.send(TAKEN["solapi"], LONG)
    assert provider.seen[0].headers["authorization"] != provider.seen[1].headers["authorization"]
    message = json.loads(provider.seen[1].body)["message"]
    assert (message["type"], message["subject"]) == ("LMS", "원격지원")


def test_aligo_sends_a_form_with_the_type_set(bench: Any, provider: PlayedProvider) -> None:
    bench("aligo", test=True).send(TAKEN["aligo"], LONG)
    (seen,) = provider.seen
    assert (seen.method, seen.path) == ("POST", "/send/")
    assert dict(parse_qsl(seen.body.decode())) == {
        "key": "SECRET-aligo",
        "user_id": "wiz",
        "sender": "0212345678",
        "receiver": "01012345678",
        "msg": LONG.text,
        "msg_type": "LMS",
        "title": "원격지원",
        "testmode_yn": "Y",
    }


def test_aligo_says_nothing_of_a_test_by_itself(bench: Any, provider: PlayedProvider) -> None:
    bench("aligo").send(TAKEN["aligo"])
    assert b"testmode" not in provider.seen[0].body and b"title" not in provider.seen[0].body


def test_nhn_has_a_branch_for_each_length(bench: Any, provider: PlayedProvider) -> None:
    one = bench("nhn")
    assert one.send(TAKEN["nhn"]).provider_id == "sms/R1"
    assert one.send(TAKEN["nhn"], LONG).provider_id == "mms/R1"
    short, long = provider.seen
    assert short.path == "/sms/v3.0/appKeys/SECRET-app/sender/sms" and long.path.endswith("/sender/mms")
    assert short.headers["x-secret-key"] == "SECRET-nhn"
    assert json.loads(short.body) == {
        "body": TEXT.text,
        "sendNo": "0212345678",
        "recipientList": [{"recipientNo": "01012345678", "recipientGroupingKey": "key-7"}],
    }
    assert json.loads(long.body)["title"] == "원격지원"


def sens_signature(method: str, path: str, timestamp: str) -> str:
    said_by_us = "\n".join([f"{method} {path}", timestamp, "KEY-sens"])
    return base64.b64encode(hmac.new(b"SECRET-sens", said_by_us.encode(), hashlib.sha256).digest()).decode()


def test_sens_signs_method_path_time_and_key(bench: Any, provider: PlayedProvider) -> None:
    bench("sens").send(TAKEN["sens"])
    (seen,) = provider.seen
    assert (seen.method, seen.path) == ("POST", "/sms/v2/services/ncp:sms:kr:12:wiz/messages")
    stamp = seen.headers["x-ncp-apigw-timestamp"]
    assert abs(int(stamp) / 1000 - time.time()) < 60
    assert seen.headers["x-ncp-iam-access-key"] == "KEY-sens"
    assert seen.headers["x-ncp-apigw-signature-v2"] == sens_signature("POST", seen.path, stamp)
    assert json.loads(seen.body) == {
        "type": "SMS",
        "contentType": "COMM",
        "countryCode": "82",
        "from": "0212345678",
        "content": TEXT.text,
        "messages": [{"to": "01012345678"}],
    }


def test_twilio_logs_in_and_names_the_callback(bench: Any, provider: PlayedProvider) -> None:
    bench("twilio", callback_url="https://help.example/sms/callback/x").send(TAKEN["twilio"], ABROAD)
    (seen,) = provider.seen
    assert seen.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert seen.headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:SECRET-twilio".encode()).decode()
    assert dict(parse_qsl(seen.body.decode())) == {
        "To": "+14155550100",
        "From": "+82212345678",
        "Body": TEXT.text,
        "StatusCallback": "https://help.example/sms/callback/x",
    }


def test_twilio_lets_a_service_choose_the_sender(bench: Any, provider: PlayedProvider) -> None:
    bench("twilio", service="MG" + "a" * 32).send(TAKEN["twilio"])
    fields = dict(parse_qsl(provider.seen[0].body.decode()))
    assert fields["MessagingServiceSid"] == "MG" + "a" * 32 and "From" not in fields


@pytest.mark.parametrize(("text", "kind"), [("Code {1} €", "text"), ("번호", "unicode"), ("`tick`", "unicode")])
def test_vonage_is_told_the_alphabet(bench: Any, provider: PlayedProvider, text: str, kind: str) -> None:
    bench("vonage").send(TAKEN["vonage"], replace(TEXT, text=text))
    (seen,) = provider.seen
    assert seen.path == "/sms/json"
    assert dict(parse_qsl(seen.body.decode())) == {
        "api_key": "abc",
        "api_secret": "SECRET-vonage",
        "from": "82212345678",
        "to": "821012345678",
        "text": text,
        "type": kind,
        "client-ref": "key-7",
    }


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_taken_text_has_the_providers_id(bench: Any, name: str) -> None:
    assert bench(name).send(TAKEN[name]).provider_id == IDS[name]


REFUSALS = [
    ("solapi", said({"errorCode": "ValidationError", "errorMessage": "bad to"}, 400), "ValidationError", False),
    ("solapi", said({"statusCode": "1062", "statusMessage": "발신번호 미등록", "messageId": "M"}), "1062", False),
    ("aligo", said({"result_code": "-101", "message": "인증오류입니다."}), "-101", False),
    ("aligo", said({"result_code": -201, "message": "건수 부족"}), "-201", False),
    ("nhn", said({"header": {"isSuccessful": False, "resultCode": -1006, "resultMessage": "x"}}), "-1006", False),
    (
        "nhn",
        said(
            {
                "header": {"isSuccessful": True},
                "body": {"data": {"requestId": "R", "sendResultList": [{"resultCode": -2019}]}},
            }
        ),
        "-2019",
        False,
    ),
    ("sens", said({"error": {"errorCode": "200", "message": "Authentication Failed"}}, 401), "HTTP_401", False),
    ("twilio", said({"code": 21211, "message": "not a valid number", "status": 400}, 400), "21211", False),
    ("twilio", said({"sid": "SM", "status": "failed", "error_code": 30008}, 201), "30008", False),
    ("vonage", said({"messages": [{"status": "4", "error-text": "Bad Credentials"}]}), "4", False),
    ("vonage", said({"messages": [{"status": "1", "error-text": "Throttled"}]}), "1", True),
]


@pytest.mark.parametrize(("name", "answer", "code", "retry"), REFUSALS)
def test_a_refusal_keeps_the_providers_code(bench: Any, name: str, answer: Said, code: str, retry: bool) -> None:
    with pytest.raises(Refused) as problem:
        bench(name).send(answer)
    assert (problem.value.code, problem.value.retry) == (code, retry)


@pytest.mark.parametrize("name", NAMES)
def test_too_many_requests_may_be_tried_again(bench: Any, name: str) -> None:
    with pytest.raises(Refused) as problem:
        bench(name).send(Said(429, b"slow down"))
    assert problem.value.retry and problem.value.code == "HTTP_429"


GARBAGE = [b"", b"<html>", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b"{}", b'{"messages": 3, "body": []}']


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_is_never_taken_for_an_acceptance(bench: Any, name: str, body: bytes) -> None:
    with pytest.raises((Uncertain, Refused)):
        bench(name).send(Said(200, body))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", GARBAGE[:5])
def test_what_cannot_be_read_is_uncertain(bench: Any, name: str, body: bytes) -> None:
    with pytest.raises(Uncertain):
        bench(name).send(Said(200, body))


@pytest.mark.parametrize("name", NAMES)
def test_a_huge_answer_is_cut_off(bench: Any, name: str) -> None:
    with pytest.raises(Uncertain):
        bench(name).send(Said(200, b" " * (exchange.MAX_ANSWER + 1)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", [Said(500, b"{}"), Said(502, b"<h1>"), Said(cut=True)])
def test_a_broken_server_may_have_taken_it(bench: Any, name: str, answer: Said) -> None:
    with pytest.raises(Uncertain):
        bench(name).send(answer)


def test_no_answer_in_time_is_uncertain(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ANSWER_S", 0.3)
    with pytest.raises(Uncertain):
        bench("solapi").send(Said(hang=True))


@pytest.mark.parametrize("name", NAMES)
def test_without_a_connection_nothing_was_sent(bench: Any, name: str) -> None:
    with pytest.raises(Refused) as problem:
        bench(name, url="http://127.0.0.1:1").send(Said())
    assert (problem.value.code, problem.value.retry) == (exchange.NOT_CONNECTED, True)


@pytest.mark.parametrize("name", KOREAN)
def test_a_foreign_number_is_refused_before_anything_is_asked(bench: Any, provider: PlayedProvider, name: str) -> None:
    with pytest.raises(Refused) as problem:
        bench(name).send(TAKEN[name], ABROAD)
    assert problem.value.code == "FOREIGN_NUMBER" and provider.seen == []


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_that_echoes_our_secret_does_not_bring_it_into_the_log(bench: Any, name: str) -> None:
    one = bench(name)
    echo = {"errorMessage": "SECRET", "message": "SECRET", "error": "SECRET", "detail": "SECRET"}
    secret = next(value for value in SETTINGS[name].values() if "SECRET" in value)
    with pytest.raises(Refused) as problem:
        one.send(said({key: value.replace("SECRET", secret) for key, value in echo.items()}, 400))
    assert secret not in repr(problem.value) and secret not in repr(vars(problem.value))


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_shown_by_settings_or_gateway(bench: Any, name: str) -> None:
    kind = KINDS[name]
    assert secret_names(kind)
    settings = kind.settings.model_validate(SETTINGS[name])
    assert "SECRET" not in repr(settings) + str(settings) + repr(bench(name).gateway)
    with pytest.raises(ValidationError) as problem:
        kind.settings.model_validate({**SETTINGS[name], "url": "ftp://x"})
    assert "SECRET" not in str(problem.value)


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "http://8.8.8.8", "https://x/path", "https://u:p@x", "https://예", "x", "https://"],
)
def test_keys_travel_encrypted_to_a_server_without_a_path(url: str) -> None:
    with pytest.raises(ValidationError):
        KINDS["solapi"].settings.model_validate({**SETTINGS["solapi"], "url": url})


# --- delivery ---------------------------------------------------------------------------------------------------------

REPORTS: list[tuple[str, Any, DeliveryState, str]] = [
    ("solapi", {"messageList": {"M1": {"messageId": "M1", "statusCode": "4000"}}}, DeliveryState.DELIVERED, "4000"),
    ("solapi", {"messageList": {"M1": {"messageId": "M1", "statusCode": "3000"}}}, DeliveryState.SENT, "3000"),
    ("solapi", {"messageList": {"M1": {"messageId": "M1", "statusCode": "3014"}}}, DeliveryState.FAILED, "3014"),
    ("aligo", {"result_code": 1, "list": [{"sms_state": "발송완료"}]}, DeliveryState.DELIVERED, "발송완료"),
    ("aligo", {"result_code": 1, "list": [{"sms_state": "발송 실패"}]}, DeliveryState.FAILED, "발송실패"),
    ("aligo", {"result_code": 1, "list": [{"sms_state": "전송중"}]}, DeliveryState.SENT, "전송중"),
    (
        "nhn",
        {"header": {"isSuccessful": True}, "body": {"data": [{"msgStatus": "3", "resultCode": "1000"}]}},
        DeliveryState.DELIVERED,
        "1000",
    ),
    (
        "nhn",
        {"header": {"isSuccessful": True}, "body": {"data": [{"msgStatus": "3", "resultCode": "3008"}]}},
        DeliveryState.FAILED,
        "3008",
    ),
    (
        "nhn",
        {"header": {"isSuccessful": True}, "body": {"data": [{"msgStatus": "2", "resultCode": None}]}},
        DeliveryState.SENT,
        "",
    ),
    ("twilio", {"status": "delivered", "error_code": None}, DeliveryState.DELIVERED, "delivered"),
    ("twilio", {"status": "undelivered", "error_code": 30005}, DeliveryState.FAILED, "30005"),
    ("twilio", {"status": "sent"}, DeliveryState.SENT, "sent"),
]


@pytest.mark.parametrize(("name", "answer", "state", "code"), REPORTS)
def test_a_question_brings_what_became_of_it(
    bench: Any, name: str, answer: Any, state: DeliveryState, code: str
) -> None:
    (report,) = bench(name).poll(said(answer), ids=(IDS[name],))
    assert (report.provider_id, report.state, report.code) == (IDS[name], state, code)


def test_sens_finds_the_message_of_a_request_and_signs_the_query(bench: Any, provider: PlayedProvider) -> None:
    listed = said({"statusCode": "202", "messages": [{"messageId": "abc-1"}]})
    found = said(
        {
            "messages": [
                {
                    "status": "COMPLETED",
                    "statusName": "success",
                    "statusCode": "0",
                    "completeTime": "2026-01-31 09:30:00",
                }
            ]
        }
    )
    (report,) = bench("sens").poll(listed, found, ids=("Q1",))
    assert report == DeliveryReport(
        provider_id="Q1", state=DeliveryState.DELIVERED, code="0", at=datetime(2026, 1, 31, 0, 30, tzinfo=UTC)
    )
    first, second = provider.seen
    assert first.path.endswith("/messages?requestId=Q1") and second.path.endswith("/messages/abc-1")
    for seen in provider.seen:
        stamp = seen.headers["x-ncp-apigw-timestamp"]
        assert seen.headers["x-ncp-apigw-signature-v2"] == sens_signature("GET", seen.path, stamp)


def test_sens_tells_failure_from_work(bench: Any) -> None:
    listed = said({"messages": [{"messageId": "m"}]})
    one = bench("sens")
    for status, name, state in [
        ("COMPLETED", "fail", DeliveryState.FAILED),
        ("PROCESSING", None, DeliveryState.SENT),
        ("READY", None, DeliveryState.SENT),
    ]:
        found = said({"messages": [{"status": status, "statusName": name}]})
        assert one.poll(listed, found, ids=("Q1",))[0].state is state


@pytest.mark.parametrize("name", [n for n in NAMES if n != "vonage"])
def test_a_provider_that_cannot_be_asked_is_a_refusal(bench: Any, name: str) -> None:
    for answer in (Said(500), Said(429), Said(200, b"garbage"), Said(cut=True)):
        with pytest.raises(Refused):
            bench(name).poll(answer, ids=(IDS[name],))


def test_what_is_known_stays_when_a_later_question_fails(bench: Any) -> None:
    good = said({"messageList": {"M1": {"messageId": "M1", "statusCode": "4000"}}})
    assert [r.provider_id for r in bench("solapi").poll(good, Said(429), ids=("M1", "M2"))] == ["M1"]


@pytest.mark.parametrize("name", ["solapi", "aligo", "nhn", "sens"])
def test_an_unknown_message_is_left_out(bench: Any, name: str) -> None:
    empty = {"result_code": 1, "header": {"isSuccessful": True}, "body": {"data": []}, "messages": [], "list": []}
    assert bench(name).poll(said(empty), ids=(IDS[name],)) == []


def test_times_are_read_as_providers_write_them() -> None:
    assert moment("2026-01-31 09:30:00.0") == datetime(2026, 1, 31, 0, 30, tzinfo=UTC)
    assert moment("2026-01-31T09:30:00.000Z") == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    assert moment("Sat, 31 Jan 2026 09:30:00 +0000") == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    for nothing in ("", "soon", None, 5, "0001-01-01T00:00:00+09:00"):
        assert moment(nothing) is None


# --- callbacks --------------------------------------------------------------------------------------------------------

PUBLIC = "https://help.example/sms/callback/tok"


@pytest.mark.parametrize("name", KOREAN)
def test_callbacks_without_a_signature_are_not_believed(bench: Any, name: str) -> None:
    with pytest.raises(BadSignature):
        bench(name).gateway.callback({}, b"[]", {})


def test_twilios_published_example_of_a_signature() -> None:
    """From Twilio's documentation of webhook security (token 12345)."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    made = twilio.callback_signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", fields)
    assert made == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def twilio_call(body: bytes, token: bytes = b"SECRET-twilio") -> dict[str, str]:
    fields = parse_qs(body.decode(), keep_blank_values=True)
    said_by_twilio = PUBLIC + "".join(name + fields[name][0] for name in sorted(fields))
    made = hmac.new(token, said_by_twilio.encode(), hashlib.sha1).digest()
    return {"x-twilio-signature": base64.b64encode(made).decode()}


def test_twilio_calls_back(bench: Any) -> None:
    gateway = bench("twilio", callback_url=PUBLIC).gateway
    body = f"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30005&AccountSid={ACCOUNT}&To=%2B8210".encode()
    (report,) = gateway.callback(twilio_call(body), body, {})
    assert (report.provider_id, report.state, report.code) == ("SM1", DeliveryState.FAILED, "30005")


def test_twilio_calls_that_are_not_twilios_are_refused(bench: Any) -> None:
    gateway = bench("twilio", callback_url=PUBLIC).gateway
    body = f"MessageSid=SM1&MessageStatus=delivered&AccountSid={ACCOUNT}".encode()
    other = body.replace(b"AC1", b"AC2")
    for headers, sent in [
        ({}, body),
        (twilio_call(body, b"guess"), body),
        (twilio_call(body), body + b"&x=1"),
        (twilio_call(other), other),
        (twilio_call(body), "MessageSid=é".encode("latin-1")),
        (twilio_call(body), b"a=1&" * 5000),
        ({"x-twilio-signature": "é"}, body),
    ]:
        with pytest.raises(BadSignature):
            gateway.callback(headers, sent, {})
    with pytest.raises(BadSignature):
        bench("twilio").gateway.callback(twilio_call(body), body, {})


def vonage_receipt(method: str, secret: str = "SIGN", age_s: float = 0, **more: str) -> dict[str, str]:
    fields = {
        "messageId": "V1",
        "status": "delivered",
        "err-code": "0",
        "msisdn": "8210=1&2",
        "message-timestamp": "2026-01-31 09:30:00",
        "timestamp": str(int(time.time() - age_s)),
        **more,
    }
    text = "".join(f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields))
    if method == "md5hash":
        return {**fields, "sig": hashlib.md5((text + secret).encode()).hexdigest()}
    return {**fields, "sig": hmac.new(secret.encode(), text.encode(), method).hexdigest().upper()}


@pytest.mark.parametrize("method", list(SignatureMethod))
def test_vonage_calls_back_by_query_form_or_json(bench: Any, method: SignatureMethod) -> None:
    gateway = bench("vonage", signature_secret="SIGN", signature_method=method, callback_url=PUBLIC).gateway
    fields = vonage_receipt(method)
    form = "&".join(f"{n}={v.replace('=', '%3D').replace('&', '%26')}" for n, v in fields.items()).encode()
    as_json = {"content-type": "application/json"}
    expected = DeliveryReport(
        provider_id="V1", state=DeliveryState.DELIVERED, code="delivered", at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    )
    assert gateway.callback({}, b"", fields) == [expected]
    assert gateway.callback({}, form, {}) == [expected]
    assert gateway.callback(as_json, json.dumps(fields).encode(), {}) == [expected]


def test_vonage_calls_that_are_not_vonages_are_refused(bench: Any) -> None:
    gateway = bench("vonage", signature_secret="SIGN", callback_url=PUBLIC).gateway
    as_json = {"content-type": "application/json"}
    good = vonage_receipt("sha256")
    for headers, body, query in [
        ({}, b"", {**good, "status": "failed"}),
        ({}, b"", vonage_receipt("sha256", secret="guess")),
        ({}, b"", vonage_receipt("sha256", age_s=2 * vonage.CLOCK_S)),
        ({}, b"", {**good, "sig": ""}),
        ({}, b"", {}),
        ({}, b"\xff", {}),
        (as_json, b"[1]", {}),
        (as_json, b"[" * 9000, {}),
        (as_json, b'{"sig": {}}', {}),
        ({}, b"x" * (vonage.MAX_CALLBACK + 1), {}),
    ]:
        with pytest.raises(BadSignature):
            gateway.callback(headers, body, query)
    with pytest.raises(BadSignature):
        bench("vonage").gateway.callback({}, b"", good)


def test_vonage_in_pieces_is_uncertain_when_only_some_went_out(bench: Any) -> None:
    one = bench("vonage")
    with pytest.raises(Uncertain):
        one.send(said({"messages": [{"status": "0", "message-id": "a"}, {"status": "1"}]}))
    with pytest.raises(Uncertain):
        one.send(said({"messages": [{"status": "5"}]}))
    both = {"messages": [{"status": "0", "message-id": "a"}, {"status": "0", "message-id": "b"}]}
    assert one.send(said(both)).provider_id == "b"


# --- the form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_provider_and_field_has_words(language: str) -> None:
    words = (ROOT / f"web/src/shared/i18n/sms-{language}.ts").read_text("utf-8")
    kinds = words.partition("\n  kinds: {")[2].partition("\n  },")[0]
    fields = words.partition("\n  field: {")[2].partition("\n  },")[0]
    for name, kind in KINDS.items():
        assert re.search(rf"\b{name}: ", kinds), name
        for each in described_kind(kind).fields:
            assert re.search(rf"\b{each.name}: ", fields), f"{name}.{each.name}"


def test_the_form_knows_what_is_secret() -> None:
    secrets = {
        name: sorted(f.name for f in described_kind(kind).fields if f.type == "secret") for name, kind in KINDS.items()
    }
    assert secrets == {
        "http": ["secret"],
        "solapi": ["api_key", "api_secret"],
        "aligo": ["api_key"],
        "nhn": ["app_key", "secret_key"],
        "sens": ["access_key", "secret_key"],
        "twilio": ["token"],
        "vonage": ["api_secret", "signature_secret"],
        "smpp": ["password"],
        "gsm": ["pin"],
    }
