"""What a session offers beside picture and input: each tool owns a channel and the rights that open it.

A tool lives as long as one link to a console: it is made when a right of its is granted and closed with the link. What has to
outlive a link, such as a broken-off transfer, its factory keeps. All calls come on the reactor's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from wizhelper.protocol.channels import Channel, Permission
from wizhelper.protocol.control import Activity


class Outlet(Protocol):
    """What a tool may do: answer its console, ask for rights, and say what it does."""

    @property
    def reactor(self) -> Any:
        """Timers (IReactorTime) and `callFromThread`."""

    def send(self, body: bytes) -> None:
        """To the console, on the tool's channel; dropped once the link is gone."""

    def may(self, right: Permission) -> bool:
        """Whether the right is granted now. Ask for each message: a channel may carry messages of several rights."""

    def activity(self, activity: Activity, on: bool) -> None:
        """Tells the person at the PC what goes on; what is still on when the link ends is taken back."""

    def record(self, act: str, **facts: str) -> None:
        """An event of the session's record, which the console asked for: call it before the act is done. `act`: one of
        wizhelper.records.acts.ACTS. Raises RemoteProtocolError("ACT_FLOOD"), which ends the link."""

    def result(self, act: str, **facts: str) -> None:
        """Like `record`, for what follows from an act and needs no limit of its own."""

    def tell_customer(self, text: str) -> None:
        """A line of the conversation in the operator's name, which the customer sees at once. Cut to what a line may be."""

    def origin(self) -> tuple[int, int]:
        """Where on the desktop the picture begins that the console sees, in pixels."""

    def operator(self) -> str:
        """The name that the console gave of itself: untrusted text."""


class Tool(Protocol):
    def received(self, body: bytes) -> None:
        """A message of its channel. Raises RemoteProtocolError, which ends the link."""

    def close(self) -> None:
        """The link is gone: nothing may go on, nothing is sent any more."""


@dataclass(frozen=True)
class ToolKind:
    """Messages on `channel` reach the tool while at least one of `rights` is granted; `make` is called at the first grant."""

    channel: Channel
    rights: frozenset[Permission]
    make: Callable[[Outlet], Tool]
