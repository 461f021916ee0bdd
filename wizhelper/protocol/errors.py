"""Exceptions of the protocol core. The peer's misbehaviour and our own bugs are different types."""

from __future__ import annotations


class ProtocolError(Exception):
    """Base of both; `code` is a stable word for logs, records and the list of messages shown to people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class RemoteProtocolError(ProtocolError):
    """The peer sent what the protocol forbids. The link must be closed; nothing of the message was acted on."""


class LocalProtocolError(ProtocolError):
    """Our own code asked for something that the protocol forbids: a bug on this side."""
