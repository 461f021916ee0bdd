"""Open gateways: one connection per row that is in use, opened again when its settings change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger
from twisted.web.iweb import IAgent

from wizhelper.http.errors import ApiError
from wizhelper.settings.sealing import SealBroken, Sealer
from wizhelper.sms import configuration
from wizhelper.sms.gateway import Gateway, Refused
from wizhelper.sms.kinds import KINDS
from wizhelper.sms.model import SmsGateway

log = Logger()

SETTINGS_BROKEN, NOT_OPEN = "SETTINGS", "NOT_OPEN"


@dataclass(frozen=True)
class _Open:
    """`sealed`: as it was when opened. Every save seals anew, so that another text means other settings."""

    sealed: str
    gateway: Gateway


class Pool:
    """`reactor` and `agent` are what drivers get."""

    def __init__(self, reactor: Any, agent: IAgent, sealer: Sealer) -> None:
        self._reactor = reactor
        self._agent = agent
        self._sealer = sealer
        self._open: dict[int, _Open] = {}

    def get(self, row: SmsGateway) -> Gateway:
        """Raises Refused when it cannot be opened: nothing was sent."""
        known = self._open.get(row.id)
        if known is not None and known.sealed == row.sealed:
            return known.gateway
        if known is not None:
            self._close(row.id)
        made = self._opened(row)
        self._open[row.id] = _Open(row.sealed, made)
        return made

    def _opened(self, row: SmsGateway) -> Gateway:
        try:
            settings = configuration.opened_settings(row, self._sealer)
        except (SealBroken, ApiError) as problem:
            raise Refused(SETTINGS_BROKEN, "the settings cannot be read: save them again", retry=False) from problem
        try:
            return KINDS[row.kind].open(settings, self._reactor, self._agent)
        except OSError as problem:
            raise Refused(NOT_OPEN, str(problem), retry=True) from problem

    def keep_only(self, rows: Sequence[SmsGateway]) -> None:
        """Opens what is in use, so that providers with a standing connection can report, and closes everything else."""
        wanted = {row.id: row for row in rows}
        for gateway in [g for g in self._open if g not in wanted]:
            self._close(gateway)
        for row in wanted.values():
            try:
                self.get(row)
            except Refused as problem:
                log.error("SMS gateway {id} does not open: {code}", id=row.id, code=problem.code)

    def _close(self, gateway: int) -> Deferred[None]:
        known = self._open.pop(gateway)

        async def close() -> None:
            await known.gateway.close()

        return Deferred.fromCoroutine(close()).addErrback(
            lambda f: log.failure("SMS gateway {id} does not close", f, id=gateway)
        )

    async def close(self) -> None:
        await DeferredList([self._close(gateway) for gateway in list(self._open)])
