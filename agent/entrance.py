"""The calls that lead into a session: by number, by operator, by the token of a download; the answer to the consent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar
from urllib.parse import quote

from agent.link import LinkError, ServerLink
from agent.platform.interface import HostInfo
from agent.session import Joined
from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError

T = TypeVar("T")


@dataclass(frozen=True)
class Consent:
    """What is to be agreed to before anything is shown."""

    company: str
    operator: str
    text: int
    version: int
    body: str


@dataclass(frozen=True)
class _ConsentText:
    """The consent in the server's answer to joining."""

    id: int
    version: int
    body: str


@dataclass(frozen=True)
class _Operator:
    """One entry of the server's list of waiting operators."""

    id: int
    display_name: str


class Entrance:
    """The calls that lead into a session. Each raises LinkError; "BAD_ANSWER" if the server's answer does not fit."""

    def __init__(self, server: ServerLink, host: HostInfo) -> None:
        self._server = server
        self._host = {
            "host_name": host.host_name[:255],
            "user_name": host.user_name[:255],
            "os": str(host.os),
            "os_version": host.os_version[:100],
        }

    async def by_number(self, number: str) -> tuple[Joined, Consent | None]:
        return self._joined(await self._server.post("/join", {"number": number, "host": self._host}))

    async def by_token(self, token: str) -> tuple[Joined, Consent | None]:
        return self._joined(await self._server.post("/join/token", {"token": token, "host": self._host}))

    async def by_operator(self, company: str, operator: int) -> tuple[Joined, Consent | None]:
        body = {"company": company, "operator": operator, "host": self._host}
        return self._joined(await self._server.post("/join/pick", body))

    async def resume(self, session: str, secret: str, at_desktop: bool) -> Joined:
        """Back into a session after a restart of this PC; `secret` is spent when the server answers."""
        body = {"session": session, "secret": secret, "at_desktop": at_desktop, "host": self._host}
        return self._joined(await self._server.post("/join/resume", body))[0]

    async def operators(self, company: str) -> list[tuple[int, str]]:
        answer = await self._server.get(f"/join/operators?company={quote(company, safe='')}")
        items = answer.get("items")
        if not isinstance(items, list) or len(items) > messages.MAX_ITEMS:
            raise LinkError("BAD_ANSWER", "items")
        found = [_read(_Operator, item) for item in items]
        return [(operator.id, operator.display_name) for operator in found]

    async def consent(self, joined: Joined, text: int, accepted: bool, source: str) -> None:
        body = {"accepted": accepted, "text": text, "source": source}
        await self._server.post(f"/join/{joined.session}/consent", body, joined.secret)

    async def report(self, joined: Joined) -> None:
        """The person says that the session was abused; possible for an hour after its end."""
        await self._server.post(f"/join/{joined.session}/report", {}, joined.secret)

    @staticmethod
    def _joined(answer: dict[str, Any]) -> tuple[Joined, Consent | None]:
        joined = _read(Joined, answer)
        if "consent" not in answer:
            raise LinkError("BAD_ANSWER", "consent is missing")
        if answer["consent"] is None:
            return joined, None
        asked = _read(_ConsentText, answer["consent"])
        return joined, Consent(joined.company, joined.operator, asked.id, asked.version, asked.body)


def _read(kind: type[T], value: Any) -> T:
    """The fields of `kind`, strictly typed; others are left aside, so that a newer server may say more."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    known = {name: item for name, item in value.items() if name in names} if isinstance(value, dict) else value
    try:
        return messages.from_plain(kind, known, "BAD_ANSWER")
    except RemoteProtocolError as problem:
        raise LinkError(problem.code, problem.detail) from None
