"""Blocking calls on the reactor's threads, one after another: files need their order, the reactor its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThreadPool

T = TypeVar("T")


class Lane:
    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._lock = DeferredLock()

    def run(self, work: Callable[..., T], *arguments: Any) -> Deferred[T]:
        """Fires on the reactor's thread with what `work` returned, or fails with what it raised."""
        pool = self._reactor.getThreadPool()
        result: Deferred[T] = self._lock.run(deferToThreadPool, self._reactor, pool, work, *arguments)
        return result
