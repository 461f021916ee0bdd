"""Printing on the agent's side: told to customer and record first, bounded while it comes, followed to its end. RC-PRINT"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_fakes import ViewerBench
from twisted.internet.defer import Deferred, maybeDeferred

from agent.features.printing import MAX_DOCUMENTS, WINDOW, PrintTool
from agent.printing.interface import Progress, Spool, SpoolError
from agent.printing.problems import DocumentError
from agent.tools import ToolKind
from wizhelper.protocol import printing
from wizhelper.protocol.channels import PRINT, VIEW, Channel
from wizhelper.protocol.printing import MAX_DATA, Begin, Cancel, Credit, Data, Job, List, Printer, Printers

OFFICE = Printer("Office", "사무실", True, True)


class FakeSpool:
    """`states`: what `progress` answers, one after the other; the last one again and again."""

    def __init__(self) -> None:
        self.states = [Progress("waiting"), Progress("printing", 1), Progress("done", 2)]
        self.submitted: list[tuple[str, bytes, str, int]] = []
        self.cancelled: list[int] = []
        self.problem: SpoolError | None = None

    def printers(self) -> list[Printer]:
        if self.problem is not None:
            raise self.problem
        return [OFFICE]

    def submit(self, printer: str, file: Path, title: str, copies: int) -> int:
        if self.problem is not None:
            raise self.problem
        self.submitted.append((printer, file.read_bytes(), title, copies))
        return 41 + len(self.submitted)

    def progress(self, job: int) -> Progress:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def cancel(self, job: int) -> None:
        self.cancelled.append(job)
        self.states = [Progress("cancelled")]


_spool: type[Spool] = FakeSpool


def prepared(source: Path, kind: str, pages: str, target: Path) -> int:
    """A document whose bytes begin with "bad" is broken."""
    data = source.read_bytes()
    if data.startswith(b"bad"):
        raise DocumentError("BROKEN")
    target.write_bytes(b"made of " + data[:20])
    return 1


class Bench:
    def __init__(self, run: Callable[..., Any] = maybeDeferred) -> None:
        self.spool = FakeSpool()
        self.tools: list[PrintTool] = []

        def make(outlet: Any) -> PrintTool:
            self.tools.append(PrintTool(outlet, run, self.spool, prepared))
            return self.tools[-1]

        kind = ToolKind(Channel.PRINTING, frozenset({PRINT}), make)
        self.viewer = ViewerBench(frozenset({VIEW, PRINT}), tools=(kind,))
        self.console = self.viewer.open()

    def send(self, *messages: printing.ConsoleMessage) -> None:
        for message in messages:
            self.console.send(Channel.PRINTING, printing.encode(message))

    def told(self) -> list[printing.AgentMessage]:
        self.console.ferry()
        return [printing.decode_agent(event.body) for event in self.console.messages(Channel.PRINTING)]

    def jobs(self) -> list[tuple[int, str, int, str]]:
        return [(m.request, m.state, m.sheets, m.code) for m in self.told() if isinstance(m, Job)]

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.viewer.reactor.advance(1)

    def calls(self, name: str) -> list[tuple[Any, ...]]:
        return [call for call in self.viewer.events.calls if call[0] == name]


def begin(request: int, size: int) -> Begin:
    return Begin(request, "Office", "견적서.pdf", "pdf", size, 2, "")


def test_printers_are_listed_and_a_pc_without_any_says_why() -> None:
    bench = Bench()
    bench.send(List(1))
    bench.spool.problem = SpoolError("NO_PRINTING", "no socket")
    bench.send(List(2))
    assert bench.told() == [Printers(1, (OFFICE,), ""), Printers(2, (), "NO_PRINTING")]


def test_a_document_is_printed_and_followed_to_its_end() -> None:
    bench = Bench()
    bench.send(begin(1, 5), Data(1, b"he"), Data(1, b"llo"))
    bench.wait(3)
    assert bench.spool.submitted == [("Office", b"made of hello", "견적서.pdf", 2)]
    assert bench.jobs() == [(1, "preparing", 0, ""), (1, "waiting", 0, ""), (1, "printing", 1, ""), (1, "done", 2, "")]
    assert bench.calls("acted") == [
        ("acted", "printed", {"printer": "Office", "document": "견적서.pdf", "copies": "2", "pages": ""}),
        ("acted", "print_ended", {"document": "견적서.pdf", "state": "done", "code": ""}),
    ]
    assert bench.calls("told") == [("told", "🖨 견적서.pdf → Office")]
    assert [call[2] for call in bench.calls("activity")] == [True, False]


def test_no_more_is_under_way_than_was_granted() -> None:
    bench = Bench()
    bench.send(begin(1, 1_000_000))
    assert bench.told() == [Credit(1, WINDOW)]
    for _ in range(WINDOW // 2 // MAX_DATA):
        bench.send(Data(1, b"x" * MAX_DATA))
    assert bench.told()[-1] == Credit(1, WINDOW // 2 + WINDOW)


def test_a_console_that_sends_more_is_ended() -> None:
    bench = Bench()
    bench.send(begin(1, 3))
    bench.send(Data(1, b"four"))
    assert bench.viewer.socket.calls[-1] == ("close",) and bench.spool.submitted == []


def test_a_broken_document_and_a_printer_that_refuses_are_told_in_words() -> None:
    bench = Bench()
    bench.send(begin(1, 3), Data(1, b"bad"))
    bench.spool.problem = SpoolError("PRINTER_GONE")
    bench.send(begin(2, 3), Data(2, b"abc"))
    assert [job for job in bench.jobs() if job[1] == "failed"] == [
        (1, "failed", 0, "BROKEN"),
        (2, "failed", 0, "PRINTER_GONE"),
    ]
    assert [call[2] for call in bench.calls("activity")] == [True, False, True, False]
    folder = bench.tools[0]._folder
    assert folder is not None and list(folder.iterdir()) == []


def test_a_document_is_cancelled_before_and_after_the_printer_has_it() -> None:
    bench = Bench()
    bench.spool.states = [Progress("held", 0, "PRINTER_STOPPED")]
    bench.send(begin(1, 3), Cancel(1), Data(1, b"abc"), begin(2, 3), Data(2, b"abc"), Cancel(2), Cancel(9))
    bench.wait(2)
    assert bench.spool.cancelled == [42]
    assert bench.jobs() == [
        (1, "cancelled", 0, ""),
        (2, "preparing", 0, ""),
        (2, "held", 0, "PRINTER_STOPPED"),
        (2, "cancelled", 0, ""),
    ]


def test_a_cancel_while_the_printer_is_given_the_document_takes_it_back() -> None:
    waiting: list[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]]] = []

    def later(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        waiting.append((Deferred(), function, arguments))
        return waiting[-1][0]

    bench = Bench(later)
    bench.send(begin(1, 3), Data(1, b"abc"))
    for step in range(3):
        if step == 1:
            bench.send(Cancel(1))
        done, function, arguments = waiting[step]
        done.callback(function(*arguments))
    assert bench.spool.cancelled == [42]
    assert bench.jobs()[-1] == (1, "cancelled", 0, "")


def test_too_many_documents_at_once_are_refused() -> None:
    bench = Bench()
    bench.send(*(begin(number, 3) for number in range(1, MAX_DOCUMENTS + 2)), begin(1, 3))
    assert bench.jobs() == [(MAX_DOCUMENTS + 1, "failed", 0, "BUSY"), (1, "failed", 0, "BUSY")]


def test_what_was_only_half_here_goes_with_the_link() -> None:
    bench = Bench()
    bench.send(begin(1, 10), Data(1, b"abc"))
    folder = bench.tools[0]._folder
    assert folder is not None and folder.stat().st_mode & 0o077 == 0 and list(folder.iterdir())
    bench.viewer.viewer.close()
    assert not folder.exists() and bench.spool.submitted == []
    ended = {"document": "견적서.pdf", "state": "cancelled", "code": ""}
    assert ("acted", "print_ended", ended) in bench.viewer.events.calls


def test_what_the_printer_has_is_in_the_record_as_it_was_at_the_links_end() -> None:
    bench = Bench()
    bench.spool.states = [Progress("printing", 1)]
    bench.send(begin(1, 3), Data(1, b"abc"))
    bench.viewer.viewer.close()
    (ended,) = [facts for _, act, facts in bench.calls("acted") if act == "print_ended"]
    assert ended["state"] == "printing" and bench.spool.cancelled == []
