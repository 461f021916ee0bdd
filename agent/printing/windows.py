"""The spool of Windows: pages are drawn by pdfium and given to the printer's driver through GDI, the job is followed by winspool."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2

from agent.encode.interface import Pixels
from agent.printing.interface import NO_PRINTING, PRINTER_GONE, REFUSED, Progress, SpoolError
from wizhelper.protocol.printing import Printer, is_name

# Constants of winspool.h and WinGdi.h.
_ENUM_LOCAL_AND_CONNECTIONS, _INFO_LEVEL, _JOB_LEVEL = 2 | 4, 4, 1
_HORZRES, _VERTRES, _LOGPIXELSX = 8, 10, 88
_SRCCOPY, _DIB_RGB_COLORS = 0x00CC0020, 0
_CONTROL_DELETE = 5
_PAUSED, _ERROR, _DELETING, _PRINTING, _PRINTED, _DELETED, _COMPLETE = 1, 2, 4, 0x10, 0x80, 0x100, 0x1000
_IN_TROUBLE = _PAUSED | _ERROR | 0x20 | 0x40 | 0x200 | 0x400
"""Also offline, out of paper, blocked, somebody has to look after it."""

MAX_DPI = 300
"""More makes a page of A4 larger than a driver likes to take in one piece."""
MAX_NAME_LENGTH = 260
_one_at_a_time = threading.Lock()  # pdfium keeps state of its own


class PrinterInfo4(ctypes.Structure):
    _fields_ = [("name", wintypes.LPWSTR), ("server", wintypes.LPWSTR), ("attributes", wintypes.DWORD)]


class JobInfo1(ctypes.Structure):
    _fields_ = [
        ("job", wintypes.DWORD),
        ("texts", wintypes.LPWSTR * 6),
        ("status", wintypes.DWORD),
        ("priority", wintypes.DWORD),
        ("position", wintypes.DWORD),
        ("pages", wintypes.DWORD),
        ("printed", wintypes.DWORD),
        ("submitted", wintypes.WORD * 8),
    ]


class DocInfo(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_int),
        ("name", wintypes.LPCWSTR),
        ("output", wintypes.LPCWSTR),
        ("datatype", wintypes.LPCWSTR),
        ("kind", wintypes.DWORD),
    ]


class BitmapHeader(ctypes.Structure):
    _fields_ = [
        ("size", wintypes.DWORD),
        ("width", wintypes.LONG),
        ("height", wintypes.LONG),
        ("planes", wintypes.WORD),
        ("bits", wintypes.WORD),
        ("rest", wintypes.DWORD * 6),
    ]


def load_libraries() -> tuple[Any, Any]:
    """winspool.drv and gdi32, with the types of what is called: handles are pointers."""
    loader: Any = ctypes.WinDLL  # type: ignore[attr-defined]
    spool, gdi = loader("winspool.drv", use_last_error=True), loader("gdi32", use_last_error=True)
    handle = ctypes.c_void_p
    spool.OpenPrinterW.argtypes = [wintypes.LPCWSTR, ctypes.c_void_p, ctypes.c_void_p]
    spool.GetJobW.argtypes = [handle, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p]
    spool.SetJobW.argtypes = [handle, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD]
    spool.ClosePrinter.argtypes = [handle]
    gdi.CreateDCW.restype = handle
    gdi.CreateDCW.argtypes = [wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.LPCWSTR, ctypes.c_void_p]
    for name in ("StartPage", "EndPage", "EndDoc", "AbortDoc", "DeleteDC"):
        getattr(gdi, name).argtypes = [handle]
    gdi.StartDocW.argtypes = [handle, ctypes.c_void_p]
    gdi.GetDeviceCaps.argtypes = [handle, ctypes.c_int]
    gdi.StretchDIBits.argtypes = [handle, *[ctypes.c_int] * 8, ctypes.c_void_p, ctypes.c_void_p, wintypes.UINT, wintypes.DWORD]
    return spool, gdi


class WindowsSpool:
    """`libraries`: winspool and gdi32, for tests."""

    def __init__(self, libraries: tuple[Any, Any] | None = None) -> None:
        self._spool, self._gdi = libraries or load_libraries()
        self._printers: dict[int, str] = {}  # job -> its printer

    def printers(self) -> list[Printer]:
        needed, count = wintypes.DWORD(0), wintypes.DWORD(0)
        sizes = (ctypes.byref(needed), ctypes.byref(count))
        self._spool.EnumPrintersW(_ENUM_LOCAL_AND_CONNECTIONS, None, _INFO_LEVEL, None, 0, *sizes)
        memory = ctypes.create_string_buffer(max(needed.value, 1))
        if not self._spool.EnumPrintersW(_ENUM_LOCAL_AND_CONNECTIONS, None, _INFO_LEVEL, memory, needed.value, *sizes):
            raise SpoolError(NO_PRINTING, "EnumPrinters")
        found = (PrinterInfo4 * count.value).from_buffer(memory) if count.value else ()
        standard = self._standard()
        return [Printer(p.name, p.name, p.name == standard, True) for p in found if is_name(p.name or "")]

    def _standard(self) -> str:
        room = wintypes.DWORD(MAX_NAME_LENGTH)
        name = ctypes.create_unicode_buffer(room.value)
        return name.value if self._spool.GetDefaultPrinterW(name, ctypes.byref(room)) else ""

    def submit(self, printer: str, file: Path, title: str, copies: int) -> int:
        if printer not in [known.name for known in self.printers()]:
            raise SpoolError(PRINTER_GONE)
        context = self._gdi.CreateDCW("WINSPOOL", printer, None, None)
        if not context:
            raise SpoolError(REFUSED, "CreateDC")
        try:
            with _one_at_a_time:
                job = self._print(context, file, title, copies)
        finally:
            self._gdi.DeleteDC(context)
        self._printers[job] = printer
        return job

    def _print(self, context: Any, file: Path, title: str, copies: int) -> int:
        about = DocInfo(ctypes.sizeof(DocInfo), title, None, None, 0)
        job = int(self._gdi.StartDocW(context, ctypes.byref(about)))
        if job <= 0:
            raise SpoolError(REFUSED, "StartDoc")
        document = pypdfium2.PdfDocument(file.read_bytes())
        try:
            for _ in range(copies):
                for page in document:
                    self._page(context, page)
        except (SpoolError, pypdfium2.PdfiumError) as problem:
            self._gdi.AbortDoc(context)
            raise SpoolError(REFUSED, str(problem)) from problem
        finally:
            document.close()
        self._gdi.EndDoc(context)
        return job

    def _page(self, context: Any, page: Any) -> None:
        """As large as the paper allows, and never larger than it is."""
        capability = self._gdi.GetDeviceCaps
        width, height, dpi = (capability(context, what) for what in (_HORZRES, _VERTRES, _LOGPIXELSX))
        turned = (page.get_width() > page.get_height()) != (width > height)
        paper = (height, width) if turned else (width, height)
        fit = min(paper[0] / page.get_width(), paper[1] / page.get_height(), dpi / 72)
        scale = min(fit, MAX_DPI / 72)
        pixels = page.render(scale=scale, rotation=90 if turned else 0, prefer_bgrx=True).to_numpy()
        if self._gdi.StartPage(context) <= 0:
            raise SpoolError(REFUSED, "StartPage")
        self._put(context, np.ascontiguousarray(pixels), (width, height), fit / scale)
        if self._gdi.EndPage(context) <= 0:
            raise SpoolError(REFUSED, "EndPage")

    def _put(self, context: Any, pixels: Pixels, paper: tuple[int, int], enlarged: float) -> None:
        """BGRX rows into the middle of the paper."""
        height, width = pixels.shape[:2]
        wide, high = min(round(width * enlarged), paper[0]), min(round(height * enlarged), paper[1])
        # A negative height: rows from the top.
        header = BitmapHeader(ctypes.sizeof(BitmapHeader), width, -height, 1, 32)
        place = ((paper[0] - wide) // 2, (paper[1] - high) // 2, wide, high, 0, 0, width, height)
        data = pixels.ctypes.data_as(ctypes.c_void_p)
        if self._gdi.StretchDIBits(context, *place, data, ctypes.byref(header), _DIB_RGB_COLORS, _SRCCOPY) <= 0:
            raise SpoolError(REFUSED, "StretchDIBits")

    def progress(self, job: int) -> Progress:
        with self._open(self._printers.get(job, "")) as printer:
            info = self._job(printer, job)
        if info is None:
            return Progress("done")  # the spool forgets what is over
        if info.status & (_DELETING | _DELETED):
            return Progress("cancelled")
        if info.status & (_PRINTED | _COMPLETE):
            return Progress("done", info.printed)
        if info.status & _IN_TROUBLE:
            return Progress("held", info.printed, "PRINTER_STOPPED")
        return Progress("printing" if info.status & _PRINTING else "waiting", info.printed)

    def _job(self, printer: Any, job: int) -> JobInfo1 | None:
        needed = wintypes.DWORD(0)
        self._spool.GetJobW(printer, job, _JOB_LEVEL, None, 0, ctypes.byref(needed))
        memory = ctypes.create_string_buffer(max(needed.value, ctypes.sizeof(JobInfo1)))
        if not self._spool.GetJobW(printer, job, _JOB_LEVEL, memory, len(memory), ctypes.byref(needed)):
            return None
        return JobInfo1.from_buffer(memory)

    def cancel(self, job: int) -> None:
        with self._open(self._printers.get(job, "")) as printer:
            self._spool.SetJobW(printer, job, 0, None, _CONTROL_DELETE)

    @contextmanager
    def _open(self, name: str) -> Iterator[Any]:
        handle = ctypes.c_void_p()
        if not self._spool.OpenPrinterW(name, ctypes.byref(handle), None):
            raise SpoolError(PRINTER_GONE, "OpenPrinter")
        try:
            yield handle
        finally:
            self._spool.ClosePrinter(handle)
