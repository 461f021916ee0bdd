"""Solapi (formerly CoolSMS): messages/v4, JSON, every request signed with HMAC-SHA256.

Sources: https://docs.solapi.com (authentication, messages). A signature holds 15 minutes and is accepted once, so each
request has its own salt. Reports are polled: Solapi's webhook carries no signature that we could check.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, Field, SecretStr
from twisted.web.iweb import IAgent

from wizhelper.sms.gateway import Accepted, Counting, DeliveryReport, DeliveryState, OutgoingText, TextKind
from wizhelper.sms.providers.web_api import (
    ApiSettings,
    WebGateway,
    items_of,
    json_body,
    korean_number,
    moment,
    required_id,
)

ACCEPTED, AT_CARRIER, DELIVERED = "2000", "3000", "4000"


class SolapiSettings(ApiSettings):
    url: str = Field(default="https://api.solapi.com", max_length=200)
    api_key: SecretStr = Field(max_length=100)
    api_secret: SecretStr = Field(max_length=200)


def authorization(api_key: str, api_secret: str, date: str, salt: str) -> str:
    """The header. `date`: ISO 8601; `salt`: 12 to 64 characters, never the same twice."""
    signature = hmac.digest(api_secret.encode(), (date + salt).encode(), "sha256").hex()
    return f"HMAC-SHA256 apiKey={api_key}, date={date}, salt={salt}, signature={signature}"


class SolapiGateway(WebGateway):
    kind = "solapi"

    def __init__(self, settings: SolapiSettings, reactor: Any, agent: IAgent) -> None:
        super().__init__(settings, reactor, agent)
        self._settings = settings

    def _headers(self) -> dict[str, str]:
        date = datetime.fromtimestamp(self._reactor.seconds(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        key, secret = self._settings.api_key.get_secret_value(), self._settings.api_secret.get_secret_value()
        return {
            "Authorization": authorization(key, secret, date, secrets.token_hex(16)),
            "Content-Type": "application/json; charset=utf-8",
        }

    async def _send(self, text: OutgoingText) -> Accepted:
        body = json_body({"message": _message(text)})
        answer = await self._ask("POST", "/messages/v4/send", self._headers(), body)
        fields = self._fields(answer, "errorCode", "errorMessage")
        status = str(fields.get("statusCode", ""))
        if status != ACCEPTED:
            raise self._refusal(status or "NO_STATUS", fields.get("statusMessage"), retry=False)
        return Accepted(provider_id=required_id(fields.get("messageId")), raw_status=status)

    async def _report(self, provider_id: str) -> DeliveryReport | None:
        path = "/messages/v4/list?" + urlencode({"messageId": provider_id, "limit": 1})
        fields = self._fields(await self._ask("GET", path, self._headers()), "errorCode", "errorMessage")
        rows = [r for r in items_of(fields.get("messageList")) if r.get("messageId") == provider_id]
        return _report(provider_id, rows[0]) if rows else None


def _message(text: OutgoingText) -> dict[str, Any]:
    found: dict[str, Any] = {
        "to": korean_number(text.to),
        "from": text.sender,
        "text": text.text,
        "type": text.kind.value,
        "autoTypeDetect": False,
        "customFields": {"key": text.key},
    }
    return {**found, "subject": text.subject} if text.kind is TextKind.LMS and text.subject else found


def _report(provider_id: str, row: dict[str, Any]) -> DeliveryReport:
    code = str(row.get("statusCode", ""))
    state = DeliveryState.FAILED
    if code == DELIVERED:
        state = DeliveryState.DELIVERED
    elif code == AT_CARRIER or code.startswith("2") or not code:
        state = DeliveryState.SENT
    at = moment(row.get("dateReceived") or row.get("dateReported"))
    return DeliveryReport(provider_id=provider_id, state=state, code=code, at=at)


class SolapiKind:
    name = "solapi"
    settings: type[BaseModel] = SolapiSettings
    counting = Counting.CP949
    callbacks = False

    def open(self, settings: SolapiSettings, reactor: Any, agent: IAgent) -> SolapiGateway:
        return SolapiGateway(settings, reactor, agent)
