"""Restarting this PC for the operator, within the session (RC-REBOOT, RB-*). The work is in agent/restarting.py."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.platform.restart import Ability
from agent.restarting import RefusedError, Restarting
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import reboot
from wizhelper.protocol.channels import REBOOT, Channel
from wizhelper.protocol.reboot import Code, State

log = Logger()


class RebootTool:
    """`account`: who is logged on here, as a proposal for the operator."""

    def __init__(self, outlet: Outlet, restarting: Restarting, account: str) -> None:
        self._outlet = outlet
        self._restarting = restarting
        self._account = account
        self._closed = False

    def received(self, body: bytes) -> None:
        match reboot.decode_console(body):
            case reboot.Ask():
                self._begin(self._tell_ability())
            case reboot.Restart() as wish:
                if self._outlet.may(REBOOT):
                    facts = {"safe_mode": str(wish.safe_mode), "auto_logon": str(bool(wish.account))}
                    self._outlet.record("reboot_asked", **facts)
                    self._begin(self._restart(wish))
                else:
                    self._answer(wish.request, State.REFUSED, Code.NOT_ALLOWED)

    @staticmethod
    def _begin(work: Any) -> None:
        Deferred.fromCoroutine(work).addErrback(_failed)

    async def _tell_ability(self) -> None:
        found: Ability = await self._restarting.on_thread(self._restarting.restarter.ability)
        self._send(reboot.Able(found.restart, found.safe_mode, found.auto_logon, self._account))

    async def _restart(self, wish: reboot.Restart) -> None:
        request = wish.request
        try:
            await self._restarting.run(wish, lambda state, code: self._answer(request, state, code))
        except RefusedError as refused:
            self._outlet.result("reboot_refused", code=refused.code)
            self._answer(request, State.REFUSED, refused.code)

    def _answer(self, request: int, state: State, code: Code = Code.NONE) -> None:
        self._send(reboot.Answer(request, state, code))

    def _send(self, message: reboot.AgentMessage) -> None:
        if not self._closed:
            self._outlet.send(reboot.encode(message))

    def close(self) -> None:
        """Who wished it is gone: a question that is open is answered with no; a restart that has begun goes on."""
        self._closed = True
        self._restarting.answered(False)


def _failed(failure: Failure) -> None:
    log.failure("The restart failed", failure)


def kind(restarting: Restarting, account: str) -> ToolKind:
    return ToolKind(Channel.REBOOT, frozenset({REBOOT}), lambda outlet: RebootTool(outlet, restarting, account))
