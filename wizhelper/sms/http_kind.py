"""A gateway that is any HTTP service: address and body are templates, and a pattern says what a good answer looks like.

Placeholders {{phone}} {{international}} {{message}} {{subject}} {{sender}} {{key}} {{kind}} {{secret}} are escaped for
the place where they stand: percent signs in the address and in forms, JSON and XML escapes in such bodies.

Patterns are text with `*` for anything, not regular expressions: one of those can be written so that an answer holds up the
whole server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from twisted.internet.defer import Deferred, succeed
from twisted.web.iweb import IAgent

from wizhelper.sms.exchange import HttpAnswer, exchange
from wizhelper.sms.gateway import Accepted, BadSignature, Counting, DeliveryReport, OutgoingText, Refused, Uncertain
from wizhelper.sms.numbers import national

NAMES = ("phone", "international", "message", "subject", "sender", "key", "kind", "secret")
NOT_LATER = (408, 425, 429, 503)
"""Status codes of "try again", after which nothing was taken."""
_PLACEHOLDER = re.compile(r"\{\{(\w*)\}\}")


class Method(StrEnum):
    GET = "GET"
    POST = "POST"


class Format(StrEnum):
    FORM = "form"
    JSON = "json"
    XML = "xml"
    TEXT = "text"


class Charset(StrEnum):
    UTF8 = "utf-8"
    CP949 = "cp949"


CONTENT_TYPES = {
    Format.FORM: "application/x-www-form-urlencoded",
    Format.JSON: "application/json",
    Format.XML: "application/xml",
    Format.TEXT: "text/plain",
}


class HttpSettings(BaseModel):
    model_config = ConfigDict(frozen=True)

    url: str = Field(max_length=1000, examples=["https://sms.example.com/send?to={{phone}}&text={{message}}"])
    method: Method = Method.POST
    format: Format = Format.FORM
    charset: Charset = Charset.UTF8
    body: str = Field(default="", max_length=4000, json_schema_extra={"multiline": True})
    headers: str = Field(default="", max_length=2000, json_schema_extra={"multiline": True})
    secret: SecretStr | None = Field(default=None, max_length=400)
    success: str = Field(default="", max_length=200)
    id: str = Field(default="", max_length=200)

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(_PLACEHOLDER.sub("x", value))
        if parts.scheme not in ("http", "https") or not parts.hostname or not value.isascii():
            raise ValueError("an address that begins with http:// or https://")
        if "{{" in value.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError("no placeholders in the name of the server")
        return value

    @field_validator("url", "body", "headers")
    @classmethod
    def _known(cls, value: str) -> str:
        unknown = sorted(set(_PLACEHOLDER.findall(value)) - set(NAMES))
        if unknown:
            raise ValueError("unknown: " + ", ".join(unknown))
        return value

    @field_validator("headers")
    @classmethod
    def _lines(cls, value: str) -> str:
        for line in value.splitlines():
            name, colon, text = line.partition(":")
            if not colon or not re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) or not text.strip().isprintable():
                raise ValueError("one header a line: Name: value")
        return value

    @field_validator("id")
    @classmethod
    def _one_star(cls, value: str) -> str:
        if value and value.count("*") != 1:
            raise ValueError("text with one * where the id stands")
        return value


def matches(pattern: str, text: str) -> bool:
    """Whether the pieces between the stars come in this order."""
    at = 0
    for piece in pattern.split("*"):
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def between(pattern: str, text: str) -> str | None:
    """What stands where the star is: up to the piece after it, or to the end of the line."""
    before, _, after = pattern.partition("*")
    start = text.find(before)
    if start < 0:
        return None
    rest = text[start + len(before) :]
    end = rest.find(after) if after else len(rest.partition("\n")[0])
    return rest[:end].strip()[:200] if end >= 0 else None


def _escapers(settings: HttpSettings) -> dict[Format, Callable[[str], str]]:
    charset = settings.charset.value
    return {
        Format.FORM: lambda value: quote_plus(value.encode(charset, "replace")),
        Format.JSON: lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
        Format.XML: lambda value: escape(value, {'"': "&quot;", "'": "&apos;"}),
        Format.TEXT: lambda value: value,
    }


class HttpGateway:
    kind = "http"

    def __init__(self, settings: HttpSettings, reactor: Any, agent: IAgent) -> None:
        self._settings = settings
        self._reactor = reactor
        self._agent = agent
        self._secret = settings.secret.get_secret_value() if settings.secret else ""

    def send(self, text: OutgoingText) -> Deferred[Accepted]:
        return Deferred.fromCoroutine(self._send(text))

    async def _send(self, text: OutgoingText) -> Accepted:
        settings, values = self._settings, self._values(text)
        charset = settings.charset.value
        url = _filled(settings.url, values, lambda value: quote(value.encode(charset, "replace"), safe=""))
        body = _filled(settings.body, values, _escapers(settings)[settings.format]).encode(charset, "replace")
        if settings.method is Method.GET:
            body = b""
        answer = await exchange(self._agent, self._reactor, settings.method, url, self._headers(values), body)
        return self._judged(answer, text)

    def _values(self, text: OutgoingText) -> dict[str, str]:
        return {
            "phone": national(text.to),
            "international": text.to.removeprefix("+"),
            "message": text.text,
            "subject": text.subject,
            "sender": text.sender,
            "key": text.key,
            "kind": text.kind,
            "secret": self._secret,
        }

    def _headers(self, values: Mapping[str, str]) -> dict[str, str]:
        kind, charset = CONTENT_TYPES[self._settings.format], self._settings.charset.value
        found = {"Content-Type": f"{kind}; charset={charset}"} if self._settings.method is Method.POST else {}
        for line in self._settings.headers.splitlines():
            name, _, text = line.partition(":")
            found[name] = _filled(text.strip(), values, _one_line)
        return found

    def _judged(self, answer: HttpAnswer, text: OutgoingText) -> Accepted:
        said = answer.body.decode(self._settings.charset.value, "replace")
        shown = said.replace(self._secret, "***") if self._secret else said
        code = f"HTTP_{answer.status}"
        if 200 <= answer.status < 300:
            if not matches(self._settings.success, said):
                raise Refused(code, shown, retry=False)
            found = between(self._settings.id, said) if self._settings.id else None
            return Accepted(provider_id=found or text.key, raw_status=code)
        if answer.status >= 500 and answer.status not in NOT_LATER:
            raise Uncertain(code)
        raise Refused(code, shown, retry=answer.status in NOT_LATER)

    def poll(self, provider_ids: Sequence[str]) -> Deferred[list[DeliveryReport]]:
        """Such a service says nothing of delivery that we could read."""
        return succeed([])

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        raise BadSignature("this gateway takes no callbacks")

    def close(self) -> Deferred[None]:
        return succeed(None)


class HttpKind:
    name = "http"
    settings: type[BaseModel] = HttpSettings
    counting = Counting.CP949
    callbacks = False

    def open(self, settings: HttpSettings, reactor: Any, agent: IAgent) -> HttpGateway:
        return HttpGateway(settings, reactor, agent)


def _filled(template: str, values: Mapping[str, str], escaped: Callable[[str], str]) -> str:
    return _PLACEHOLDER.sub(lambda found: escaped(values[found[1]]), template)


def _one_line(value: str) -> str:
    return " ".join(value.split()).encode("latin-1", "replace").decode("latin-1")
