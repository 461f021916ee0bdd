"""What printing asks of the operating system. All calls may take seconds and are made on a thread of their own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wizhelper.protocol.printing import Printer

NO_PRINTING, PRINTER_GONE, REFUSED = "NO_PRINTING", "PRINTER_GONE", "REFUSED"


class SpoolError(Exception):
    """`code`: NO_PRINTING (there is no print service), PRINTER_GONE or REFUSED; `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Progress:
    """`state` and `sheets` as in protocol.printing.Job; `code`: "" or why it failed or waits."""

    state: str
    sheets: int = 0
    code: str = ""


class Spool(Protocol):
    """The printers of this PC. Every method may raise SpoolError."""

    def printers(self) -> list[Printer]: ...

    def submit(self, printer: str, file: Path, title: str, copies: int) -> int:
        """Prints a PDF; -> the number of the job. The file may be removed afterwards."""

    def progress(self, job: int) -> Progress: ...

    def cancel(self, job: int) -> None:
        """A job that is over already is no error."""


def open_spool() -> Spool:
    if sys.platform == "win32":
        from agent.printing.windows import WindowsSpool

        return WindowsSpool()
    from agent.printing.cups import CupsSpool

    return CupsSpool()
