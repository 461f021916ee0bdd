"""What a support session uses of this PC, and how it shows itself to the person there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.restarting import RestartParts
from agent.tools import ToolKind
from agent.viewer import InputPart, ScreenPart
from wizhelper.protocol.chat import Said
from wizhelper.protocol.control import Activity, Identity, SasPolicy, Trust
from wizhelper.protocol.local import Person
from wizhelper.protocol.screen import Stats


class SessionView(Protocol):
    """How a session shows itself to the person at the PC: a window, or lines for a script."""

    def started(self, company: str, operator: str, since_s: float) -> None: ...

    def link_changed(self, online: bool) -> None: ...

    def viewer_changed(self, present: bool, sas: str, policy: SasPolicy, trust: Trust) -> None:
        """`present`: whether anybody sees this PC. Of several, the number of one whose number was not typed yet."""

    def ask_approval(self, operator: str, timeout_s: float) -> None: ...

    def ask_restart(self, operator: str, timeout_s: float) -> None:
        """The operator wants to restart this PC; the answer goes to SupportSession.restart_answered."""

    def restart_settled(self) -> None:
        """It was answered, or nobody answered in time."""

    def refused(self, code: str) -> None: ...

    def activities_changed(self, activities: frozenset[Activity]) -> None:
        """All that goes on now beside picture and input."""

    def people_changed(self, people: tuple[Person, ...]) -> None:
        """Everybody who sees this PC now, and who of them controls it."""

    def chat_line(self, line: Said) -> None:
        """Something was said by either side."""

    def ended(self, reason: str, receipt: str) -> None:
        """`receipt`: token of the server's page about this session, or ""."""


@dataclass(frozen=True)
class Parts:
    """What a session uses of this PC. `make_screen(send, on_error, report)`; `input_part` is None where input is impossible."""

    identity: Callable[[str], Identity]
    make_screen: Callable[[Callable[[bytes], int], Callable[[str], None], Callable[[Stats], None]], ScreenPart]
    input_part: InputPart | None
    tools: Sequence[ToolKind] = ()
    restart: RestartParts | None = None
