"""The calls that lead into a session: by number, by operator, by the token of a download; the answer to the consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from agent.link import LinkError, ServerLink
from agent.platform.interface import HostInfo
from agent.session import Joined


@dataclass(frozen=True)
class Consent:
    """What is to be agreed to before anything is shown."""

    company: str
    operator: str
    text: int
    version: int
    body: str


class Entrance:
    """The calls that lead into a session."""

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

    async def operators(self, company: str) -> list[tuple[int, str]]:
        answer = await self._server.get(f"/join/operators?company={quote(company, safe='')}")
        return [(int(item["id"]), str(item["display_name"])) for item in answer["items"]]

    async def consent(self, joined: Joined, text: int, accepted: bool, source: str) -> None:
        body = {"accepted": accepted, "text": text, "source": source}
        await self._server.post(f"/join/{joined.session}/consent", body, joined.secret)

    async def report(self, joined: Joined) -> None:
        """The person says that the session was abused; possible for an hour after its end."""
        await self._server.post(f"/join/{joined.session}/report", {}, joined.secret)

    @staticmethod
    def _joined(answer: dict[str, Any]) -> tuple[Joined, Consent | None]:
        try:
            joined = Joined(answer["session"], answer["secret"], answer["company"], answer["operator"])
            asked = answer["consent"]
            if asked is None:
                return joined, None
            return joined, Consent(joined.company, joined.operator, asked["id"], asked["version"], asked["body"])
        except (KeyError, TypeError):
            raise LinkError("BAD_ANSWER", "join") from None
