"""Rules of the control plane: who listens on which live socket, single-use tickets for consoles, who is present.

This is the one place that knows live presence. It is asked, never read from a global, so that a second node can stand in.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

TICKET_LIFETIME_S = 30.0
MAX_TICKETS = 10_000


class Listener(Protocol):
    """One live socket."""

    def send(self, message: dict[str, Any]) -> None: ...

    def close(self, reason: str) -> None: ...


@dataclass(frozen=True)
class ConsoleTicket:
    account: int
    login: int
    company: int


class Hub:
    """Live sockets of consoles (by account) and of agents (by session)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tickets: dict[str, tuple[float, ConsoleTicket]] = {}
        self._consoles: dict[int, dict[Listener, int]] = {}
        self._companies: dict[int, set[int]] = {}
        self._agents: dict[uuid.UUID, Listener] = {}

    # --- consoles ---------------------------------------------------------------------------------------------------

    def issue_ticket(self, ticket: ConsoleTicket) -> str:
        now = self._clock()
        self._tickets = {t: v for t, v in self._tickets.items() if v[0] > now}
        while len(self._tickets) >= MAX_TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        text = secrets.token_urlsafe(24)
        self._tickets[text] = (now + TICKET_LIFETIME_S, ticket)
        return text

    def redeem_ticket(self, text: str) -> ConsoleTicket | None:
        found = self._tickets.pop(text, None)
        if found is None or found[0] <= self._clock():
            return None
        return found[1]

    def console_joined(self, ticket: ConsoleTicket, listener: Listener) -> None:
        self._consoles.setdefault(ticket.account, {})[listener] = ticket.login
        self._companies.setdefault(ticket.company, set()).add(ticket.account)

    def console_left(self, ticket: ConsoleTicket, listener: Listener) -> bool:
        """True if it was the account's last one."""
        listeners = self._consoles.get(ticket.account, {})
        listeners.pop(listener, None)
        if listeners:
            return False
        self._consoles.pop(ticket.account, None)
        self._companies.get(ticket.company, set()).discard(ticket.account)
        return True

    def has_console(self, account: int) -> bool:
        return account in self._consoles

    def present(self, company: int) -> frozenset[int]:
        """Accounts of the company that have a console open."""
        return frozenset(self._companies.get(company, ()))

    def tell_account(self, account: int, message: dict[str, Any]) -> None:
        for listener in list(self._consoles.get(account, ())):
            listener.send(message)

    def tell_company(self, company: int, message: dict[str, Any]) -> None:
        for account in list(self._companies.get(company, ())):
            self.tell_account(account, message)

    def close_logins(self, account: int, logins: set[int], code: str) -> None:
        """A logout ends the live sockets of that login at once, and its tickets."""
        self._tickets = {t: v for t, v in self._tickets.items() if v[1].login not in logins}
        for listener, login in list(self._consoles.get(account, {}).items()):
            if login in logins:
                listener.send({"type": "bye", "code": code})
                listener.close(code)

    # --- agents -----------------------------------------------------------------------------------------------------

    def agent_joined(self, session: uuid.UUID, listener: Listener) -> None:
        """A newer link of the same session replaces the older one (a half-open socket after a network change)."""
        old = self._agents.get(session)
        self._agents[session] = listener
        if old is not None and old is not listener:
            old.close("REPLACED")

    def agent_left(self, session: uuid.UUID, listener: Listener) -> bool:
        """True if that was the session's present link."""
        if self._agents.get(session) is not listener:
            return False
        del self._agents[session]
        return True

    def has_agent(self, session: uuid.UUID) -> bool:
        return session in self._agents

    def tell_agent(self, session: uuid.UUID, message: dict[str, Any]) -> bool:
        listener = self._agents.get(session)
        if listener is None:
            return False
        listener.send(message)
        return True

    def close_agent(self, session: uuid.UUID, reason: str) -> None:
        listener = self._agents.get(session)
        if listener is not None:
            listener.close(reason)

    def stop(self) -> None:
        for listeners in list(self._consoles.values()):
            for listener in list(listeners):
                listener.send({"type": "bye", "code": "SERVER_STOPPING"})
                listener.close("SERVER_STOPPING")
        for listener in list(self._agents.values()):
            listener.close("SERVER_STOPPING")
