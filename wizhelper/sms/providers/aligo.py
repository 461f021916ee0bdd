"""Aligo: forms over HTTPS, the key in every one. The server's public address has to be registered with Aligo.

Source: https://smartsms.aligo.in/admin/api/spec.html. Answers are HTTP 200 whatever happened; `result_code` says it.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, SecretStr
from twisted.web.iweb import IAgent

from wizhelper.sms.gateway import Accepted, Counting, DeliveryReport, DeliveryState, OutgoingText, TextKind, Uncertain
from wizhelper.sms.providers.web_api import (
    UNREADABLE,
    ApiSettings,
    Json,
    WebGateway,
    form_body,
    items_of,
    korean_number,
    moment,
    required_id,
)

HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
#: What `sms_state` says (Aligo gives words, no codes).
DELIVERED, FAILED = ("발송완료", "전송완료", "수신완료", "성공"), ("실패", "오류", "거부", "취소")


class AligoSettings(ApiSettings):
    """`test`: Aligo checks everything and sends nothing."""

    url: str = Field(default="https://apis.aligo.in", max_length=200)
    user_id: str = Field(min_length=1, max_length=60)
    api_key: SecretStr = Field(max_length=100)
    test: bool = False


class AligoGateway(WebGateway):
    kind = "aligo"

    def __init__(self, settings: AligoSettings, reactor: Any, agent: IAgent) -> None:
        super().__init__(settings, reactor, agent)
        self._settings = settings

    def _login(self) -> dict[str, str]:
        return {"key": self._settings.api_key.get_secret_value(), "user_id": self._settings.user_id}

    async def _called(self, path: str, fields: dict[str, str]) -> Json:
        answer = await self._ask("POST", path, HEADERS, form_body({**self._login(), **fields}))
        found = self._fields(answer, "result_code", "message")
        code = _number(found.get("result_code"))
        if code < 1:
            raise self._refusal(str(code), found.get("message"), retry=False)
        return found

    async def _send(self, text: OutgoingText) -> Accepted:
        # The type is set by us: left to itself, Aligo counts line ends its own way and may make a long message of it.
        fields = {
            "sender": text.sender,
            "receiver": korean_number(text.to),
            "msg": text.text,
            "msg_type": text.kind.value,
        }
        if text.kind is TextKind.LMS and text.subject:
            fields["title"] = text.subject
        if self._settings.test:
            fields["testmode_yn"] = "Y"
        found = await self._called("/send/", fields)
        return Accepted(provider_id=required_id(found.get("msg_id")), raw_status=str(found.get("result_code")))

    async def _report(self, provider_id: str) -> DeliveryReport | None:
        found = await self._called("/sms_list/", {"mid": provider_id, "page": "1", "page_size": "30"})
        rows = items_of(found.get("list"))
        return _report(provider_id, rows[0]) if rows else None


def _number(value: Any) -> int:
    """`result_code` comes as a number or as text. Raises Uncertain."""
    try:
        return int(value)
    except (TypeError, ValueError) as problem:
        raise Uncertain(UNREADABLE) from problem


def _report(provider_id: str, row: Json) -> DeliveryReport:
    said = "".join(str(row.get("sms_state", "")).split())
    state = DeliveryState.SENT
    if any(word in said for word in FAILED):
        state = DeliveryState.FAILED
    elif any(word in said for word in DELIVERED):
        state = DeliveryState.DELIVERED
    return DeliveryReport(provider_id=provider_id, state=state, code=said[:64], at=moment(row.get("send_date")))


class AligoKind:
    name = "aligo"
    settings: type[BaseModel] = AligoSettings
    counting = Counting.CP949
    callbacks = False

    def open(self, settings: AligoSettings, reactor: Any, agent: IAgent) -> AligoGateway:
        return AligoGateway(settings, reactor, agent)
