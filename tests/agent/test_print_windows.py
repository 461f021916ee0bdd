"""Printing as winspool and gdi32 are called. The real ones are not here. RC-PRINT"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from agent.printing.interface import Progress, SpoolError
from agent.printing.windows import BitmapHeader, DocInfo, JobInfo1, PrinterInfo4, WindowsSpool

A4_AT_600 = {8: 4760, 10: 6776, 88: 600}


class FakeWindows:
    """winspool and gdi32 in one, with the printers "Office" and "XPS"; `status`: of the job, None: it is forgotten."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.status: int | None = 0
        self.names = ["Office", "XPS"]
        self.page_fails = False

    def EnumPrintersW(
        self, flags: int, name: object, level: int, memory: Any, size: int, needed: Any, count: Any
    ) -> int:
        needed._obj.value = ctypes.sizeof(PrinterInfo4) * len(self.names)
        count._obj.value = len(self.names)
        if memory is None:
            return 0
        self.kept = found = (PrinterInfo4 * len(self.names)).from_buffer(memory)
        for place, text in zip(found, self.names, strict=True):
            place.name = text
        return 1

    def GetDefaultPrinterW(self, name: Any, room: Any) -> int:
        name.value = "XPS"
        return 1

    def CreateDCW(self, driver: str, printer: str, port: object, mode: object) -> int:
        return 5

    def DeleteDC(self, context: int) -> None:
        self.calls.append(("delete",))

    def StartDocW(self, context: int, about: Any) -> int:
        info: DocInfo = about._obj
        self.calls.append(("document", info.name, info.size))
        return 77

    def GetDeviceCaps(self, context: int, what: int) -> int:
        return A4_AT_600[what]

    def StartPage(self, context: int) -> int:
        self.calls.append(("page",))
        return 0 if self.page_fails else 1

    def StretchDIBits(self, context: int, *rest: Any) -> int:
        header: BitmapHeader = rest[9]._obj
        self.calls.append(("picture", rest[:4], (header.width, header.height)))
        return 1

    def EndPage(self, context: int) -> int:
        return 1

    def EndDoc(self, context: int) -> None:
        self.calls.append(("end",))

    def AbortDoc(self, context: int) -> None:
        self.calls.append(("abort",))

    def OpenPrinterW(self, name: str, handle: Any, defaults: object) -> int:
        return int(name in self.names)

    def ClosePrinter(self, handle: Any) -> None:
        self.calls.append(("close",))

    def GetJobW(self, printer: Any, job: int, level: int, memory: Any, size: int, needed: Any) -> int:
        needed._obj.value = ctypes.sizeof(JobInfo1) + 100
        if memory is None or self.status is None:
            return 0
        info = JobInfo1.from_buffer(memory)
        info.status, info.printed = self.status, 2
        return 1

    def SetJobW(self, printer: Any, job: int, level: int, info: object, command: int) -> int:
        self.calls.append(("job", job, command))
        return 1


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A page of A4, and one across."""
    made = pypdfium2.PdfDocument.new()
    made.new_page(595, 842)
    made.new_page(842, 595)
    file = tmp_path / "made.pdf"
    with file.open("wb") as out:
        made.save(out)
    return file


def test_the_printers_are_listed() -> None:
    windows = FakeWindows()
    assert [(p.name, p.standard) for p in WindowsSpool((windows, windows)).printers()] == [
        ("Office", False),
        ("XPS", True),
    ]
    windows.names = []
    assert WindowsSpool((windows, windows)).printers() == []


def test_each_copy_of_each_page_is_drawn_to_fit_the_paper(document: Path) -> None:
    windows = FakeWindows()
    job = WindowsSpool((windows, windows)).submit("Office", document, "견적서.pdf", 2)
    pictures = [call for call in windows.calls if call[0] == "picture"]
    assert job == 77 and len(pictures) == 4
    assert windows.calls[0] == ("document", "견적서.pdf", ctypes.sizeof(DocInfo))
    assert [call[0] for call in windows.calls[-2:]] == ["end", "delete"]
    for _, (left, top, width, height), (pixels, rows) in pictures:
        assert left >= 0 and top >= 0 and left + width <= 4760 and top + height <= 6776
        assert rows < 0 < height and pixels < 2600 and width > 4700


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, Progress("waiting", 2)),
        (0x10, Progress("printing", 2)),
        (0x40, Progress("held", 2, "PRINTER_STOPPED")),
        (0x80, Progress("done", 2)),
        (0x100, Progress("cancelled")),
        (None, Progress("done")),
    ],
)
def test_the_job_is_followed(document: Path, status: int | None, expected: Progress) -> None:
    windows = FakeWindows()
    spool = WindowsSpool((windows, windows))
    job = spool.submit("Office", document, "title", 1)
    windows.status = status
    assert spool.progress(job) == expected
    spool.cancel(job)
    assert windows.calls[-2:] == [("job", 77, 5), ("close",)]


def test_a_printer_that_is_not_there_and_one_that_fails(document: Path) -> None:
    windows = FakeWindows()
    spool = WindowsSpool((windows, windows))
    with pytest.raises(SpoolError, match="PRINTER_GONE"):
        spool.submit("Other", document, "title", 1)
    windows.page_fails = True
    with pytest.raises(SpoolError, match="REFUSED"):
        spool.submit("Office", document, "title", 1)
    assert [call[0] for call in windows.calls[-2:]] == ["abort", "delete"]
