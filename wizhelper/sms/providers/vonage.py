"""Vonage (formerly Nexmo), SMS API: a form with key and secret; delivery receipts by callback, signed where a signature
secret is set.

Source: https://developer.vonage.com (SMS API; signing messages). Answers are HTTP 200 whatever happened; `status` of each
segment says it. The interface has no question after a message, so without callbacks a text stays "accepted".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator
from twisted.internet.defer import Deferred, succeed
from twisted.web.iweb import IAgent

from wizhelper.sms.counting import Encoding, measure
from wizhelper.sms.gateway import (
    Accepted,
    BadSignature,
    Counting,
    DeliveryReport,
    DeliveryState,
    OutgoingText,
    Uncertain,
)
from wizhelper.sms.providers.web_api import (
    ApiSettings,
    WebGateway,
    form_body,
    international_sender,
    items_of,
    required_id,
)

OK, THROTTLED, INTERNAL = "0", "1", "5"
MAX_CALLBACK = 16 * 1024
MAX_CALLBACK_FIELDS = 100
CLOCK_S = 3600
"""How old a signed receipt may be: Vonage tries again for a while when the server did not answer."""
HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
STATES = {
    "delivered": DeliveryState.DELIVERED,
    "expired": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "rejected": DeliveryState.FAILED,
    "accepted": DeliveryState.SENT,
    "buffered": DeliveryState.SENT,
}


class SignatureMethod(StrEnum):
    """As it is chosen in Vonage's dashboard."""

    MD5_HASH = "md5hash"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


class VonageSettings(ApiSettings):
    """`callback_url`: the whole public address of this gateway's receipts, at most 100 characters. Taken only with a
    `signature_secret`: anybody can write an unsigned receipt."""

    url: str = Field(default="https://rest.nexmo.com", max_length=200)
    api_key: str = Field(min_length=1, max_length=60)
    api_secret: SecretStr = Field(max_length=200)
    signature_secret: SecretStr | None = Field(default=None, max_length=200)
    signature_method: SignatureMethod = SignatureMethod.SHA256
    callback_url: str = Field(default="", max_length=100)

    @field_validator("callback_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and (urlsplit(value).scheme != "https" or not urlsplit(value).hostname or not value.isascii()):
            raise ValueError("an address that begins with https://")
        return value


def signature(method: SignatureMethod, secret: str, fields: Mapping[str, str]) -> str:
    """Lower-case hexadecimal. `fields`: all but `sig`; "&" and "=" in values count as "_"."""
    plain = str.maketrans("&=", "__")
    said = "".join(f"&{name}={fields[name].translate(plain)}" for name in sorted(fields)).encode()
    if method is SignatureMethod.MD5_HASH:
        return hashlib.md5(said + secret.encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), said, method.value).hexdigest()


class VonageGateway(WebGateway):
    kind = "vonage"

    def __init__(self, settings: VonageSettings, reactor: Any, agent: IAgent) -> None:
        super().__init__(settings, reactor, agent)
        self._settings = settings
        self._signing = settings.signature_secret.get_secret_value() if settings.signature_secret else ""

    async def _send(self, text: OutgoingText) -> Accepted:
        fields = {
            "api_key": self._settings.api_key,
            "api_secret": self._settings.api_secret.get_secret_value(),
            "from": international_sender(text.sender),
            "to": text.to.removeprefix("+"),
            "text": text.text,
            "type": "unicode" if measure(text.text, Counting.GSM).encoding is Encoding.UCS2 else "text",
            "client-ref": text.key,
        }
        if self._settings.callback_url:
            fields["callback"] = self._settings.callback_url
        answer = self._fields(await self._ask("POST", "/sms/json", HEADERS, form_body(fields)), "title", "detail")
        return self._judged(items_of(answer.get("messages")))

    def _judged(self, segments: list[dict[str, Any]]) -> Accepted:
        """One entry for each segment. The receipt that counts is the last segment's."""
        if not segments:
            raise Uncertain("an answer without a message")
        bad = [s for s in segments if str(s.get("status", "")) != OK]
        if not bad:
            return Accepted(provider_id=required_id(segments[-1].get("message-id")), raw_status=OK)
        status = str(bad[0].get("status", ""))
        if len(bad) < len(segments) or status in (INTERNAL, ""):
            raise Uncertain(
                f"{len(segments) - len(bad)} of {len(segments)} segments, status {status or 'missing'}"[:100]
            )
        raise self._refusal(status, bad[0].get("error-text"), retry=status == THROTTLED)

    def poll(self, provider_ids: Sequence[str]) -> Deferred[list[DeliveryReport]]:
        """There is no such question."""
        return succeed([])

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        if not self._signing or len(body) > MAX_CALLBACK:
            raise BadSignature("no callbacks are expected")
        fields = _fields(headers, body) if body else dict(query)
        given = fields.pop("sig", "").lower()
        expected = signature(self._settings.signature_method, self._signing, fields)
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise BadSignature("signature")
        if not self._is_recent(fields.get("timestamp", "")) or not fields.get("messageId"):
            raise BadSignature("old, or no receipt")
        status = fields.get("status", "")
        code = status if STATES.get(status) is DeliveryState.DELIVERED else fields.get("err-code") or status
        state = STATES.get(status, DeliveryState.UNKNOWN)
        at = _receipt_time(fields.get("message-timestamp", ""))
        return [DeliveryReport(provider_id=fields["messageId"], state=state, code=code, at=at)]

    def _is_recent(self, timestamp: str) -> bool:
        return (
            timestamp.isascii() and timestamp.isdigit() and abs(int(timestamp[:12]) - self._reactor.seconds()) < CLOCK_S
        )


def _fields(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """A form or a flat JSON object. Raises BadSignature for everything else."""
    try:
        text = body.decode("utf-8")
        if not headers.get("content-type", "").startswith("application/json"):
            return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_CALLBACK_FIELDS))
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BadSignature("unreadable") from problem
    if not isinstance(found, dict) or not all(isinstance(value, str | int) for value in found.values()):
        raise BadSignature("unreadable")
    return {name: str(value) for name, value in found.items()}


def _receipt_time(written: str) -> datetime | None:
    """ "2026-01-31 09:30:00", in UTC."""
    try:
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


class VonageKind:
    name = "vonage"
    settings: type[BaseModel] = VonageSettings
    counting = Counting.GSM
    callbacks = True

    def open(self, settings: VonageSettings, reactor: Any, agent: IAgent) -> VonageGateway:
        return VonageGateway(settings, reactor, agent)
