"""The open views of live sessions: which window of which operator has a link, or is about to have one. In memory only."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass

from wizhelper.protocol.live import MAX_VIEWERS

LINK_LIMIT_S = 60.0
"""A view that has no link by then is not coming."""


@dataclass
class View:
    """`window`: an operator's windows are numbered; a newer link of the same window replaces the older one."""

    viewer: uuid.UUID
    account: int
    login: int
    window: int
    opened_s: float
    online: bool = False

    @property
    def seat(self) -> tuple[int, int]:
        return self.account, self.window


class Views:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._views: dict[uuid.UUID, dict[tuple[int, int], View]] = {}

    def of(self, session: uuid.UUID) -> list[View]:
        """Those with a link, and those that may still get one."""
        limit = self._clock() - LINK_LIMIT_S
        return [view for view in self._views.get(session, {}).values() if view.online or view.opened_s > limit]

    def has_room(self, session: uuid.UUID, account: int, window: int) -> bool:
        return len([view for view in self.of(session) if view.seat != (account, window)]) < MAX_VIEWERS

    def put(self, session: uuid.UUID, viewer: uuid.UUID, account: int, login: int, window: int) -> View | None:
        """-> the view that it replaces."""
        seats = self._views[session] = {view.seat: view for view in self.of(session)}
        old = seats.get((account, window))
        seats[(account, window)] = View(viewer, account, login, window, self._clock())
        return old

    def mark(self, session: uuid.UUID, viewer: uuid.UUID, online: bool) -> None:
        """Its link came, or is gone and with it the view."""
        for view in [v for v in self._views.get(session, {}).values() if v.viewer == viewer]:
            view.online = online
            if not online:
                self.drop(session, view)

    def online(self, session: uuid.UUID, account: int) -> View | None:
        """A view of this operator that has a link."""
        return next((v for v in self.of(session) if v.account == account and v.online), None)

    def drop(self, session: uuid.UUID, view: View) -> None:
        seats = self._views.get(session, {})
        if seats.get(view.seat) is view:
            del seats[view.seat]
        if not seats:
            self._views.pop(session, None)

    def end(self, session: uuid.UUID) -> None:
        self._views.pop(session, None)

    def of_logins(self, logins: Collection[int]) -> list[tuple[uuid.UUID, View]]:
        return [(s, view) for s, seats in self._views.items() for view in seats.values() if view.login in logins]
