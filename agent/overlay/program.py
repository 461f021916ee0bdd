"""The overlay, run as a child process: `agent-exe --overlay`. It paints what the agent says, and goes when its input ends."""

from __future__ import annotations

import os
import queue
import sys
import threading

from agent.overlay import wire
from agent.overlay.interface import Surface, SurfaceError, open_surface
from agent.overlay.process import NO_OVERLAY
from agent.overlay.scene import Scene
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.local import LineBuffer

READ_BYTES = 256 * 1024
PUMP_S = 0.04
"""How often the window system is listened to while the agent says nothing."""

Inbox = queue.SimpleQueue[wire.ToChild | None]


def read(source: int, inbox: Inbox) -> None:
    """Until the end of the input; None stands for it."""
    lines = LineBuffer()
    try:
        while data := os.read(source, READ_BYTES):
            for line in lines.add(data):
                inbox.put(wire.decode_to_child(line))
    except RemoteProtocolError as problem:
        print(f"the agent sent nonsense: {problem}", file=sys.stderr, flush=True)
    inbox.put(None)


def say(message: wire.FromChild) -> None:
    sys.stdout.buffer.write(wire.encode(message))
    sys.stdout.buffer.flush()


def serve(surface: Surface, inbox: Inbox) -> None:
    """Raises SurfaceError."""
    scene = Scene(surface)
    while True:
        try:
            message = inbox.get(timeout=PUMP_S)
        except queue.Empty:
            if surface.pump():
                scene.paint_all()
            continue
        if message is None:
            return
        if isinstance(message, wire.Show):
            scene.paint()
            if surface.pump():
                scene.paint_all()
            say(wire.Shown(message.revision))
        else:
            scene.apply(message)


def main() -> int:
    """0 when the agent ended it, 1 when nothing can be shown here."""
    inbox: Inbox = queue.SimpleQueue()
    try:
        surface = open_surface()
        threading.Thread(target=read, args=(sys.stdin.fileno(), inbox), name="agent", daemon=True).start()
        serve(surface, inbox)
        surface.close()
    except BrokenPipeError:
        return 0  # the agent is gone
    except SurfaceError as problem:
        say(wire.Failed(NO_OVERLAY, str(problem)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
