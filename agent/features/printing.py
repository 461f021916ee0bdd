"""Documents of the operator on a printer of this PC: received in bounded pieces, made into a plain PDF, printed, followed to
their end. The customer is told what goes to which printer before it does. RC-PRINT"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent.printing.child import prepare_in_child
from agent.printing.interface import Spool, SpoolError, open_spool
from agent.printing.problems import DocumentError
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import printing
from wizhelper.protocol.channels import PRINT, Channel
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.printing import OVER, Begin, Credit, Job, Printers

log = Logger()

WINDOW = 256 * 1024
"""Bytes that may be under way: a document shares the link with the operator's mouse."""
MAX_DOCUMENTS = 4
"""At a time, until they are printed."""
POLL_S = 1.0
BUSY, STORE_FAILED, FAILED = "BUSY", "STORE_FAILED", "FAILED"

Run = Callable[..., Any]
"""(function, *arguments) -> Deferred: runs it on a thread."""
Prepare = Callable[[Path, str, str, Path], int]


@dataclass
class Document:
    begin: Begin
    source: Path
    target: BinaryIO
    received: int = 0
    granted: int = 0
    job: int | None = None
    told: Job | None = None
    over: bool = False


class PrintTool:
    """`run`, `spool` and `prepare` are for tests."""

    def __init__(
        self, outlet: Outlet, run: Run | None = None, spool: Spool | None = None, prepare: Prepare = prepare_in_child
    ) -> None:
        self._outlet = outlet
        self._run = run or self._on_thread
        self._spool = spool or open_spool()
        self._prepare = prepare
        self._documents: dict[int, Document] = {}
        self._folder: Path | None = None
        self._closed = False

    def _on_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        reactor = self._outlet.reactor
        return deferToThreadPool(reactor, reactor.getThreadPool(), function, *arguments)

    def received(self, body: bytes) -> None:
        match printing.decode_console(body):
            case printing.List(request):
                self._list(request)
            case printing.Begin() as begin:
                self._begin(begin)
            case printing.Data(request, data):
                self._take(request, data)
            case printing.Cancel(request):
                self._cancel(request)

    # --- printers -----------------------------------------------------------------------------------------------------

    def _list(self, request: int) -> None:
        self._run(self._spool.printers).addCallbacks(
            lambda found: self._tell(Printers(request, tuple(found), "")), self._not_listed, errbackArgs=(request,)
        )

    def _not_listed(self, failure: Failure, request: int) -> None:
        self._tell(Printers(request, (), self._code_of(failure)))

    @staticmethod
    def _code_of(failure: Failure) -> str:
        problem = failure.value
        if isinstance(problem, SpoolError | DocumentError):
            log.warn("Not printed: {code} {detail}", code=problem.code, detail=problem.detail)
            return problem.code
        log.failure("Printing failed", failure)
        return FAILED

    # --- documents ----------------------------------------------------------------------------------------------------

    def _begin(self, begin: Begin) -> None:
        if len(self._documents) >= MAX_DOCUMENTS or begin.request in self._documents:
            self._tell(Job(begin.request, "failed", 0, BUSY))
            return
        about = {"printer": begin.printer, "document": begin.name, "copies": str(begin.copies), "pages": begin.pages}
        self._outlet.record("printed", **about)
        self._outlet.tell_customer(f"🖨 {begin.name} → {begin.printer}")
        try:
            source, target = self._store(begin.request)
        except OSError as problem:
            log.error("No place for a document: {problem}", problem=str(problem))
            self._tell(Job(begin.request, "failed", 0, STORE_FAILED))
            return
        self._documents[begin.request] = document = Document(begin, source, target)
        self._outlet.activity(Activity.PRINTING, True)
        self._grant(document)

    def _store(self, request: int) -> tuple[Path, BinaryIO]:
        """In a folder that only this user can read."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="wizhelper-print-"))
        source = self._folder / str(request)
        return source, source.open("wb")

    def _grant(self, document: Document) -> None:
        document.granted = min(document.begin.size, document.received + WINDOW)
        self._tell(Credit(document.begin.request, document.granted))

    def _take(self, request: int, data: bytes) -> None:
        """What comes after a cancel is dropped. Raises RemoteProtocolError for more than was allowed."""
        document = self._documents.get(request)
        if document is None:
            return
        document.received += len(data)
        if document.received > document.granted:
            raise RemoteProtocolError(printing.BAD, "more than granted")
        try:
            document.target.write(data)
            if document.received == document.begin.size:
                document.target.close()
        except OSError as problem:
            log.error("A document cannot be kept: {problem}", problem=str(problem))
            self._end(document, "failed", STORE_FAILED)
            return
        if document.received == document.begin.size:
            Deferred.fromCoroutine(self._print(document)).addErrback(self._failed, document)
        elif document.granted - document.received <= WINDOW // 2:
            self._grant(document)

    async def _print(self, document: Document) -> None:
        """Raises SpoolError, DocumentError."""
        begin = document.begin
        self._progress(document, Job(begin.request, "preparing", 0, ""))
        made = document.source.with_suffix(".pdf")
        job: int | None = None
        try:
            await self._run(self._prepare, document.source, begin.kind, begin.pages, made)
            if not document.over:
                job = await self._run(self._spool.submit, begin.printer, made, begin.name, begin.copies)
        finally:
            made.unlink(missing_ok=True)
        if document.over and job is not None:
            await self._run(self._spool.cancel, job)
        document.job = job
        await self._follow(document)

    async def _follow(self, document: Document) -> None:
        while not document.over:
            found = await self._run(self._spool.progress, document.job)
            if found.state in OVER:
                self._end(document, found.state, found.code, found.sheets)
                return
            self._progress(document, Job(document.begin.request, found.state, found.sheets, found.code))
            await deferLater(self._outlet.reactor, POLL_S)

    def _failed(self, failure: Failure, document: Document) -> None:
        self._end(document, "failed", self._code_of(failure))

    def _cancel(self, request: int) -> None:
        """A job that the printer has already is taken from it; how it ended is told by the printer."""
        document = self._documents.get(request)
        if document is None:
            return
        if document.job is None:
            self._end(document, "cancelled", "")
        else:
            self._run(self._spool.cancel, document.job).addErrback(self._not_cancelled)

    def _not_cancelled(self, failure: Failure) -> None:
        """The document goes on, and so does what is told of it."""
        self._code_of(failure)

    def _progress(self, document: Document, job: Job) -> None:
        if job != document.told and not document.over:
            document.told = job
            self._tell(job)

    def _end(self, document: Document, state: str, code: str, sheets: int = 0) -> None:
        if document.over:
            return
        self._progress(document, Job(document.begin.request, state, sheets, code))
        self._close(document, state, code)

    def _close(self, document: Document, state: str, code: str) -> None:
        document.over = True
        del self._documents[document.begin.request]
        document.target.close()
        document.source.unlink(missing_ok=True)
        self._outlet.result("print_ended", document=document.begin.name, state=state, code=code)
        if not self._documents:
            self._outlet.activity(Activity.PRINTING, False)

    def _tell(self, message: printing.AgentMessage) -> None:
        if not self._closed:
            self._outlet.send(printing.encode(message))

    def close(self) -> None:
        """What the printer has, it prints; what was only half here is forgotten. The record hears of it before the link's end."""
        for document in list(self._documents.values()):
            told = document.told if document.job is not None else None
            self._close(document, told.state if told is not None else "cancelled", "")
        self._closed = True
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def kind() -> ToolKind:
    return ToolKind(Channel.PRINTING, frozenset({PRINT}), PrintTool)
