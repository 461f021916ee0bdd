"""Naver Cloud SENS, SMS API v2: JSON, every request signed with HMAC-SHA256 over method, path, time and access key.

Sources: https://api.ncloud-docs.com (SENS; common headers of the API gateway). The signature holds five minutes. The
government cloud has its own server: https://sens.apigw.gov-ntruss.com.
"""

from __future__ import annotations

import base64
import hmac
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, SecretStr
from twisted.web.iweb import IAgent

from wizhelper.sms.gateway import Accepted, Counting, DeliveryReport, DeliveryState, OutgoingText, TextKind
from wizhelper.sms.providers.web_api import (
    ApiSettings,
    Json,
    WebGateway,
    items_of,
    json_body,
    korean_number,
    moment,
    required_id,
)

COMPLETED, SUCCESS = "COMPLETED", "success"


class SensSettings(ApiSettings):
    url: str = Field(default="https://sens.apigw.ntruss.com", max_length=200)
    service_id: str = Field(min_length=1, max_length=200)
    access_key: SecretStr = Field(max_length=200)
    secret_key: SecretStr = Field(max_length=200)


def signature(method: str, path: str, timestamp_ms: int, access_key: str, secret_key: str) -> str:
    """`path` with its query, as it is requested."""
    said = f"{method} {path}\n{timestamp_ms}\n{access_key}"
    return base64.b64encode(hmac.digest(secret_key.encode(), said.encode(), "sha256")).decode("ascii")


class SensGateway(WebGateway):
    kind = "sens"

    def __init__(self, settings: SensSettings, reactor: Any, agent: IAgent) -> None:
        super().__init__(settings, reactor, agent)
        self._access = settings.access_key.get_secret_value()
        self._secret = settings.secret_key.get_secret_value()
        # Service ids look like ncp:sms:kr:123:name; the colons stay as they are, in the path and in what is signed.
        self._root = f"/sms/v2/services/{quote(settings.service_id, safe=':')}/messages"

    async def _called(self, method: str, path: str, body: bytes = b"") -> Json:
        now_ms = int(self._reactor.seconds() * 1000)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-ncp-apigw-timestamp": str(now_ms),
            "x-ncp-iam-access-key": self._access,
            "x-ncp-apigw-signature-v2": signature(method, path, now_ms, self._access, self._secret),
        }
        # A refusal is {"error": {"errorCode", "message", "details"}}: the whole of it is the reason.
        return self._fields(await self._ask(method, path, headers, body), "statusCode", "error")

    async def _send(self, text: OutgoingText) -> Accepted:
        body: Json = {
            "type": text.kind.value,
            "contentType": "COMM",
            "countryCode": "82",
            "from": text.sender,
            "content": text.text,
            "messages": [{"to": korean_number(text.to)}],
        }
        if text.kind is TextKind.LMS and text.subject:
            body["subject"] = text.subject
        fields = await self._called("POST", self._root, json_body(body))
        status = str(fields.get("statusCode", ""))
        if status != "202":
            raise self._refusal(status or "NO_STATUS", fields.get("statusName"), retry=False)
        return Accepted(provider_id=required_id(fields.get("requestId")), raw_status=status)

    async def _report(self, provider_id: str) -> DeliveryReport | None:
        """The list names the message of a request; what became of it stands in the message."""
        listed = await self._called("GET", self._root + "?" + urlencode({"requestId": provider_id}))
        rows = items_of(listed.get("messages"))
        if not rows or not isinstance(rows[0].get("messageId"), str):
            return None
        found = await self._called("GET", f"{self._root}/{quote(rows[0]['messageId'], safe='')}")
        details = items_of(found.get("messages"))
        return _report(provider_id, details[0]) if details else None


def _report(provider_id: str, row: Json) -> DeliveryReport:
    code = str(row.get("statusCode") or row.get("status") or "")
    state = DeliveryState.SENT
    if row.get("status") == COMPLETED:
        state = DeliveryState.DELIVERED if row.get("statusName") == SUCCESS else DeliveryState.FAILED
    return DeliveryReport(provider_id=provider_id, state=state, code=code, at=moment(row.get("completeTime")))


class SensKind:
    name = "sens"
    settings: type[BaseModel] = SensSettings
    counting = Counting.CP949
    callbacks = False

    def open(self, settings: SensSettings, reactor: Any, agent: IAgent) -> SensGateway:
        return SensGateway(settings, reactor, agent)
