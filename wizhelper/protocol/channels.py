"""Channels inside one encrypted link: who may use which, and which are padded (docs/protocol.md, "Channels")."""

from __future__ import annotations

from enum import IntEnum


class Channel(IntEnum):
    """Wire value of the channel byte of a frame."""

    CONTROL = 0
    SCREEN = 1
    INPUT = 2
    CHAT = 3
    FILES = 4
    AUDIO = 5
    DRAWING = 6
    CLIPBOARD = 7
    EXEC = 8
    INFO = 9
    REBOOT = 19
    TERMINAL = 20
    PRINTING = 16
    SEAT = 21
    SHARE = 17


#: Their messages are padded to a multiple of PAD_BLOCK: lengths of key strokes, words and pasted text say too much.
PADDED = frozenset(
    {Channel.CONTROL, Channel.INPUT, Channel.CHAT, Channel.CLIPBOARD, Channel.REBOOT, Channel.TERMINAL}
)

PAD_BLOCK = 64


class Permission(str):
    """A right that the customer's consent gives to a session; the agent checks it for each message."""


VIEW = Permission("view")
CONTROL = Permission("control")
CLIPBOARD = Permission("clipboard")
CHAT = Permission("chat")
INFORMATION = Permission("information")
URL = Permission("url")
COMMAND = Permission("command")
FILES = Permission("files")
DRAW = Permission("draw")
TERMINAL = Permission("terminal")
REBOOT = Permission("reboot")
PRINT = Permission("print")
SHARE = Permission("share")

WATCHER_RIGHTS = frozenset({VIEW})
"""Of a console that looks on while another one controls, as far as the session allows them."""

ALL_PERMISSIONS = (
    VIEW,
    CONTROL,
    CLIPBOARD,
    CHAT,
    INFORMATION,
    URL,
    COMMAND,
    FILES,
    DRAW,
    TERMINAL,
    REBOOT,
    PRINT,
    SHARE,
)
"""What this version can do: rights that a server names beyond these are not granted."""
