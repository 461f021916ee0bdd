"""What drivers of HTTP providers share: settings, one request with its answer judged, and times as providers write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote_plus, urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator
from twisted.internet.defer import Deferred, succeed
from twisted.web.iweb import IAgent

from wizhelper.sms.exchange import HttpAnswer, exchange
from wizhelper.sms.gateway import Accepted, BadSignature, DeliveryReport, OutgoingText, Refused, Uncertain
from wizhelper.sms.numbers import HOME_CODE, national

NOT_LATER = (408, 425, 429, 503)
"""Status codes of "try again", after which nothing was taken."""
FOREIGN_NUMBER = "FOREIGN_NUMBER"
UNREADABLE = "UNREADABLE"
KOREA = timezone(timedelta(hours=9))
MAX_DETAIL = 300

Json = dict[str, Any]


class ApiSettings(BaseModel):
    """`url`: the provider's server, without a path; another than the default for a government cloud or a forwarding proxy."""

    model_config = ConfigDict(frozen=True)

    url: str

    @field_validator("url")
    @classmethod
    def _server(cls, value: str) -> str:
        parts = urlsplit(value)
        bare = not (parts.query or parts.fragment or parts.username) and parts.path in ("", "/")
        if parts.scheme not in ("http", "https") or not parts.hostname or not bare or not value.isascii():
            raise ValueError("https:// and the name of the server")
        if parts.scheme == "http" and not _is_inside(parts.hostname):
            raise ValueError("http:// only to an address of your own network: the key travels with every request")
        return value.rstrip("/")


def _is_inside(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


class WebGateway:
    """A provider with an HTTP interface. Drivers override `_send` and `_report`; they raise Refused and Uncertain only."""

    kind = ""

    def __init__(self, settings: ApiSettings, reactor: Any, agent: IAgent) -> None:
        self._url = settings.url
        self._reactor = reactor
        self._agent = agent
        values = (getattr(settings, name) for name in type(settings).model_fields)
        self._secrets = [v.get_secret_value() for v in values if isinstance(v, SecretStr) and v.get_secret_value()]

    def send(self, text: OutgoingText) -> Deferred[Accepted]:
        return Deferred.fromCoroutine(self._send(text))

    async def _send(self, text: OutgoingText) -> Accepted:
        raise NotImplementedError

    def poll(self, provider_ids: Sequence[str]) -> Deferred[list[DeliveryReport]]:
        return Deferred.fromCoroutine(self._poll(provider_ids))

    async def _poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        """One question for each, one after the other: providers limit the rate. What is known stays when a later one fails."""
        found: list[DeliveryReport] = []
        for provider_id in provider_ids:
            try:
                report = await self._report(provider_id)
            except (Refused, Uncertain) as problem:
                if found:
                    break
                raise _not_asked(problem) from problem
            found += [report] if report is not None else []
        return found

    async def _report(self, provider_id: str) -> DeliveryReport | None:
        """What the provider says of this text; None: nothing yet."""
        raise NotImplementedError

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        raise BadSignature("this provider's callbacks carry no signature")

    def close(self) -> Deferred[None]:
        return succeed(None)

    # --- for drivers ------------------------------------------------------------------------------------------------

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """`path` with its query. Raises Refused (no connection) or Uncertain (no whole answer)."""
        return await exchange(self._agent, self._reactor, method, self._url + path, headers, body)

    def _fields(self, answer: HttpAnswer, code: str, detail: str) -> Json:
        """The JSON object of a good answer. `code`, `detail`: names of the fields in which a bad one says why."""
        fields = _json_object(answer.body)
        if 200 <= answer.status < 300:
            if fields is None:
                raise Uncertain(UNREADABLE)
            return fields
        if answer.status >= 500 and answer.status not in NOT_LATER:
            raise Uncertain(f"HTTP_{answer.status}")
        said = fields or {}
        raise self._refusal(said.get(code) or f"HTTP_{answer.status}", said.get(detail), answer.status in NOT_LATER)

    def _refusal(self, code: Any, detail: Any, retry: bool) -> Refused:
        """A refusal with the provider's words, without our secrets should they be among them."""
        return Refused(self._hidden(code)[:64], self._hidden(detail or "")[:MAX_DETAIL], retry=retry)

    def _hidden(self, said: Any) -> str:
        shown = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        for secret in self._secrets:
            shown = shown.replace(secret, "***")
        return shown


def _json_object(body: bytes) -> Json | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _not_asked(problem: Refused | Uncertain) -> Refused:
    return problem if isinstance(problem, Refused) else Refused("NO_ANSWER", str(problem), retry=True)


def part_of(value: Any, *names: str) -> Json:
    """An object inside of an answer; {} where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items_of(value: Any) -> list[Json]:
    """The objects of a list, or of an object by id; what is no object is left out."""
    rows: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [row for row in rows if isinstance(row, dict)]


def required_id(value: Any) -> str:
    """The provider's id of an accepted text. Raises Uncertain: it was taken, and nobody can ask for it."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip() or len(str(value)) > 200:
        raise Uncertain("an answer without a message id")
    return str(value)


def json_body(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def form_body(fields: Mapping[str, str]) -> bytes:
    """application/x-www-form-urlencoded in UTF-8."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields.items()).encode("ascii")


def korean_number(number: str) -> str:
    """ "+821012345678" -> "01012345678". Raises Refused: this provider's interface sends inside Korea only."""
    if not number.startswith("+" + HOME_CODE):
        raise Refused(FOREIGN_NUMBER, "this gateway sends to Korean numbers only", retry=False)
    return national(number)


def international_sender(sender: str) -> str:
    """ "0212345678" -> "82212345678"; a number with its country, a short code or a name stays as it is."""
    return HOME_CODE + sender[1:] if sender.isdigit() and sender.startswith("0") else sender


def moment(written: Any, zone: tzinfo = KOREA) -> datetime | None:
    """ISO 8601, "2026-01-31 09:30:00" in `zone`, or RFC 2822 -> aware UTC. None: no time."""
    if not isinstance(written, str) or not written.strip():
        return None
    try:
        found = datetime.fromisoformat(written.strip())
    except ValueError:
        try:
            found = parsedate_to_datetime(written)
        except ValueError:
            return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None
