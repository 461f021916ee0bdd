"""The spool of Linux and macOS: CUPS on this PC, by IPP over its socket. $CUPS_SERVER names another socket."""

from __future__ import annotations

import getpass
import http.client
import os
import socket
from pathlib import Path
from urllib.parse import quote

from agent.printing import ipp
from agent.printing.interface import NO_PRINTING, PRINTER_GONE, REFUSED, Progress, SpoolError
from agent.printing.ipp import Answer, Attribute, Operation, Tag
from wizhelper.protocol.printing import Printer, is_name

SOCKETS = ("/run/cups/cups.sock", "/var/run/cups/cups.sock", "/private/var/run/cupsd")
TIMEOUT_S = 20.0
MAX_ANSWER = 4 * 1024 * 1024
NOT_FOUND = 0x0406
MAX_PRINTERS = 200

_STATES = {3: "waiting", 4: "held", 5: "printing", 6: "held", 7: "cancelled", 8: "failed", 9: "done"}
"""job-state of RFC 8011."""
_STOPPED = 5


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a socket of this PC."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


def _socket_path() -> str:
    """Raises SpoolError(NO_PRINTING): $CUPS_SERVER with another computer's printers is not asked."""
    named = os.environ.get("CUPS_SERVER", "")
    found = next((path for path in ((named,) if named.startswith("/") else SOCKETS) if Path(path).is_socket()), None)
    if found is None:
        raise SpoolError(NO_PRINTING, "no socket of CUPS")
    return found


class CupsSpool:
    def __init__(self) -> None:
        self._printers: dict[int, str] = {}  # job -> its printer

    def printers(self) -> list[Printer]:
        names = ["printer-name", "printer-info", "printer-state", "printer-is-accepting-jobs"]
        wanted = Attribute(Tag.KEYWORD, "requested-attributes", names)
        found = self._ask("/", ipp.request(Operation.CUPS_GET_PRINTERS, [wanted]))
        if found.status == NOT_FOUND:
            return []
        standard = self._standard()
        printers = [_printer(group, standard) for group in _fine(found).groups]
        return [printer for printer in printers if is_name(printer.name)][:MAX_PRINTERS]

    def _standard(self) -> str:
        found = self._ask("/", ipp.request(Operation.CUPS_GET_DEFAULT, []))
        return str(found.groups[0].get("printer-name", [""])[0]) if found.fine and found.groups else ""

    def submit(self, printer: str, file: Path, title: str, copies: int) -> int:
        path = f"/printers/{quote(printer, safe='')}"
        about = [
            Attribute(Tag.URI, "printer-uri", [f"ipp://localhost{path}"]),
            Attribute(Tag.NAME, "requesting-user-name", [getpass.getuser()]),
            Attribute(Tag.NAME, "job-name", [title]),
            Attribute(Tag.MIME_TYPE, "document-format", ["application/pdf"]),
        ]
        head = ipp.request(Operation.PRINT_JOB, about, [Attribute(Tag.INTEGER, "copies", [copies])])
        found = _fine(self._ask(path, head + file.read_bytes()))
        number = found.groups[0].get("job-id", [0])[0] if found.groups else 0
        if not isinstance(number, int) or number <= 0:
            raise SpoolError(REFUSED, "no number of the job")
        self._printers[number] = printer
        return number

    def progress(self, job: int) -> Progress:
        names = ["job-state", "job-media-sheets-completed"]
        about = [*_job(job), Attribute(Tag.KEYWORD, "requested-attributes", names)]
        found = self._ask("/", ipp.request(Operation.GET_JOB_ATTRIBUTES, about))
        if found.status == NOT_FOUND:
            return Progress("done")  # CUPS may be set to forget what is over
        group = _fine(found).groups[0] if found.groups else {}
        state = _STATES.get(int(group.get("job-state", [0])[0]), "failed")
        if state == "waiting" and self._stopped(self._printers.get(job, "")):
            state = "held"  # a job itself does not know
        sheets = group.get("job-media-sheets-completed", [0])[0]
        code = {"held": "PRINTER_STOPPED", "failed": "PRINT_FAILED"}.get(state, "")
        return Progress(state, max(sheets, 0) if isinstance(sheets, int) else 0, code)

    def _stopped(self, printer: str) -> bool:
        return any(found.name == printer and not found.ready for found in self.printers())

    def cancel(self, job: int) -> None:
        self._ask("/", ipp.request(Operation.CANCEL_JOB, _job(job)))

    @staticmethod
    def _ask(path: str, body: bytes) -> Answer:
        connection = _SocketConnection(_socket_path())
        try:
            connection.request("POST", path, body, {"Content-Type": "application/ipp"})
            response = connection.getresponse()
            data = response.read(MAX_ANSWER)
            if response.status != http.client.OK:
                raise SpoolError(REFUSED, f"HTTP {response.status}")
            return ipp.answer(data)
        except (OSError, http.client.HTTPException, ipp.IppError) as problem:
            raise SpoolError(NO_PRINTING, f"{type(problem).__name__} {problem}") from problem
        finally:
            connection.close()


def _job(job: int) -> list[Attribute]:
    return [
        Attribute(Tag.URI, "job-uri", [f"ipp://localhost/jobs/{job}"]),
        Attribute(Tag.NAME, "requesting-user-name", [getpass.getuser()]),
    ]


def _fine(found: Answer) -> Answer:
    if not found.fine:
        raise SpoolError(PRINTER_GONE if found.status == NOT_FOUND else REFUSED, f"status {found.status:#06x}")
    return found


def _printer(group: dict[str, list[ipp.Value]], standard: str) -> Printer:
    name = str(group.get("printer-name", [""])[0])
    label = str(group.get("printer-info", [""])[0])
    ready = bool(group.get("printer-is-accepting-jobs", [True])[0]) and group.get("printer-state", [0])[0] != _STOPPED
    return Printer(name, label if is_name(label) else name, name == standard, ready)
