"""Which video codec one viewer's pictures may use: found out beside the pipeline, since to try codecs takes a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from agent.encode.video import MakeVideo

FindVideo = Callable[[Sequence[str]], MakeVideo | None]


class VideoChoice:
    """`ready` is called on a thread of its own when `make` has changed."""

    def __init__(self, find: FindVideo, ready: Callable[[], None]) -> None:
        self._find = find
        self._ready = ready
        self._decoders: tuple[str, ...] = ()
        self.make: MakeVideo | None = None

    def decoders(self, names: tuple[str, ...]) -> None:
        """What the viewer decodes, as CAPS says; the latest word counts. Returns at once."""
        if names == self._decoders:
            return
        self._decoders = names
        threading.Thread(target=self._look, args=(names,), name="video", daemon=True).start()

    def _look(self, names: tuple[str, ...]) -> None:
        found = self._find(names) if names else None
        if names == self._decoders:
            self.make = found
            self._ready()
