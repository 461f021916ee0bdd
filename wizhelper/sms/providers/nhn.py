"""NHN Cloud Notification SMS, API v3.0: JSON, an application key in the path and a secret key in a header.

Source: https://docs.nhncloud.com (SMS, API guide v3.0). Answers are HTTP 200 whatever happened; `header` says it. Short and
long texts live in two branches of the interface, so the id that is kept names the branch: "sms/2018…".
"""

from __future__ import annotations

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
    part_of,
    required_id,
)

BRANCHES = {TextKind.SMS: "sms", TextKind.LMS: "mms"}
DONE, RECEIVED = "3", "1000"
"""`msgStatus` of a text that has its result, and the `resultCode` of one that arrived."""


class NhnSettings(ApiSettings):
    url: str = Field(default="https://api-sms.cloud.toast.com", max_length=200)
    app_key: SecretStr = Field(max_length=100)
    secret_key: SecretStr = Field(max_length=200)


class NhnGateway(WebGateway):
    kind = "nhn"

    def __init__(self, settings: NhnSettings, reactor: Any, agent: IAgent) -> None:
        super().__init__(settings, reactor, agent)
        self._root = f"/sms/v3.0/appKeys/{quote(settings.app_key.get_secret_value(), safe='')}/sender/"
        self._headers = {
            "Content-Type": "application/json;charset=UTF-8",
            "X-Secret-Key": settings.secret_key.get_secret_value(),
        }

    async def _called(self, method: str, path: str, body: bytes = b"") -> Json:
        """-> the whole answer, of a request that succeeded."""
        fields = self._fields(await self._ask(method, self._root + path, self._headers, body), "code", "message")
        header = part_of(fields, "header")
        if header.get("isSuccessful") is not True:
            raise self._refusal(header.get("resultCode", "NO_STATUS"), header.get("resultMessage"), retry=False)
        return fields

    async def _send(self, text: OutgoingText) -> Accepted:
        branch = BRANCHES[text.kind]
        body: Json = {
            "body": text.text,
            "sendNo": text.sender,
            "recipientList": [{"recipientNo": korean_number(text.to), "recipientGroupingKey": text.key}],
        }
        if text.kind is TextKind.LMS:
            body["title"] = text.subject or text.text.partition("\n")[0][:20]
        data = part_of(await self._called("POST", branch, json_body(body)), "body", "data")
        results = items_of(data.get("sendResultList"))
        code = results[0].get("resultCode", 0) if results else 0
        if code != 0:
            raise self._refusal(code, results[0].get("resultMessage"), retry=False)
        return Accepted(provider_id=f"{branch}/{required_id(data.get('requestId'))}", raw_status="0")

    async def _report(self, provider_id: str) -> DeliveryReport | None:
        branch, _, request = provider_id.partition("/")
        if branch not in BRANCHES.values():
            return None
        fields = await self._called("GET", f"{branch}?" + urlencode({"requestId": request}))
        rows = items_of(part_of(fields, "body").get("data"))
        return _report(provider_id, rows[0]) if rows else None


def _report(provider_id: str, row: Json) -> DeliveryReport:
    code = str(row.get("resultCode") or "")
    if code and str(row.get("msgStatus", DONE)) not in ("1", "2"):
        state = DeliveryState.DELIVERED if code == RECEIVED else DeliveryState.FAILED
    else:
        state = DeliveryState.SENT
    return DeliveryReport(provider_id=provider_id, state=state, code=code, at=moment(row.get("resultDate")))


class NhnKind:
    name = "nhn"
    settings: type[BaseModel] = NhnSettings
    counting = Counting.CP949
    callbacks = False

    def open(self, settings: NhnSettings, reactor: Any, agent: IAgent) -> NhnGateway:
        return NhnGateway(settings, reactor, agent)
