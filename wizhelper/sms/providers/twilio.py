"""Twilio Programmable Messaging, API 2010-04-01: forms with Basic authentication, callbacks signed with HMAC-SHA1.

Source: https://www.twilio.com/docs (Message resource; security of webhooks). Reports come by callback where the server can
be reached from outside, else by polling; both at once do no harm.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator
from twisted.web.iweb import IAgent

from wizhelper.sms.gateway import Accepted, BadSignature, Counting, DeliveryReport, DeliveryState, OutgoingText
from wizhelper.sms.providers.web_api import (
    ApiSettings,
    Json,
    WebGateway,
    form_body,
    international_sender,
    moment,
    required_id,
)

MAX_CALLBACK = 16 * 1024
MAX_SHORT_CODE = 6
MAX_CALLBACK_FIELDS = 100
STATES = {
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")


class TwilioSettings(ApiSettings):
    """`service`: a messaging service that chooses the sender, in its place. `callback_url`: the whole public address of this
    gateway's reports; it is part of what Twilio signs. Empty: reports are polled only."""

    url: str = Field(default="https://api.twilio.com", max_length=200)
    account: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", examples=["AC" + "0" * 32])
    token: SecretStr = Field(max_length=200)
    service: str = Field(default="", max_length=34)
    callback_url: str = Field(default="", max_length=400)

    @field_validator("service")
    @classmethod
    def _service_id(cls, value: str) -> str:
        if value and not _SERVICE.fullmatch(value):
            raise ValueError("MG and 32 hexadecimal digits")
        return value

    @field_validator("callback_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and (urlsplit(value).scheme != "https" or not urlsplit(value).hostname or not value.isascii()):
            raise ValueError("an address that begins with https://")
        return value


def callback_signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    said = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), said.encode(), "sha1")).decode("ascii")


class TwilioGateway(WebGateway):
    kind = "twilio"

    def __init__(self, settings: TwilioSettings, reactor: Any, agent: IAgent) -> None:
        super().__init__(settings, reactor, agent)
        self._settings = settings
        self._token = settings.token.get_secret_value()
        login = base64.b64encode(f"{settings.account}:{self._token}".encode()).decode("ascii")
        self._secrets.append(login)
        self._headers = {
            "Authorization": f"Basic {login}",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        self._root = f"/2010-04-01/Accounts/{settings.account}/Messages"

    async def _called(self, method: str, path: str, body: bytes = b"") -> Json:
        return self._fields(await self._ask(method, path, self._headers, body), "code", "message")

    async def _send(self, text: OutgoingText) -> Accepted:
        fields = {"To": text.to, "Body": text.text}
        if self._settings.service:
            fields["MessagingServiceSid"] = self._settings.service
        else:
            sender = international_sender(text.sender)
            fields["From"] = "+" + sender if sender.isdigit() and len(sender) > MAX_SHORT_CODE else sender
        if self._settings.callback_url:
            fields["StatusCallback"] = self._settings.callback_url
        found = await self._called("POST", self._root + ".json", form_body(fields))
        status = str(found.get("status", ""))
        if STATES.get(status) is DeliveryState.FAILED:
            raise self._refusal(found.get("error_code") or status, found.get("error_message"), retry=False)
        return Accepted(provider_id=required_id(found.get("sid")), raw_status=status)

    async def _report(self, provider_id: str) -> DeliveryReport | None:
        found = await self._called("GET", f"{self._root}/{quote(provider_id, safe='')}.json")
        at = moment(found.get("date_updated"), UTC)
        status = str(found.get("status", ""))
        code = str(found.get("error_code") or status)
        return DeliveryReport(provider_id=provider_id, state=STATES.get(status, DeliveryState.SENT), code=code, at=at)

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        url = self._settings.callback_url
        if not url or len(body) > MAX_CALLBACK:
            raise BadSignature("no callbacks are expected")
        fields = _form(body)
        expected = callback_signature(self._token, url, fields)
        if not hmac.compare_digest(expected.encode(), headers.get("x-twilio-signature", "").encode()):
            raise BadSignature("signature")
        if fields.get("AccountSid") != self._settings.account or not fields.get("MessageSid"):
            raise BadSignature("another account's")
        status = fields.get("MessageStatus", "")
        code = fields.get("ErrorCode") or status
        state = STATES.get(status, DeliveryState.SENT)
        return [DeliveryReport(provider_id=fields["MessageSid"], state=state, code=code, at=None)]


def _form(body: bytes) -> dict[str, str]:
    """Raises BadSignature for what is no form."""
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_CALLBACK_FIELDS))
    except ValueError as problem:
        raise BadSignature("unreadable") from problem


class TwilioKind:
    name = "twilio"
    settings: type[BaseModel] = TwilioSettings
    counting = Counting.GSM
    callbacks = True

    def open(self, settings: TwilioSettings, reactor: Any, agent: IAgent) -> TwilioGateway:
        return TwilioGateway(settings, reactor, agent)
