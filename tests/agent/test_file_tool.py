"""The file tool of the agent: what a console asks for, on a real reactor and a real disk. RC-FT"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.selectreactor import SelectReactor

from agent.features.files import desk
from agent.features.files.desk import Store
from agent.features.files.tool import FilesTool
from wizhelper.protocol import files
from wizhelper.protocol.channels import Permission
from wizhelper.protocol.control import Activity
from wizhelper.protocol.errors import RemoteProtocolError

DATA = os.urandom(1_000_003)
SUM = hashlib.sha256(DATA).hexdigest()
TIME_MS = 1_700_000_000_000
NAME = "보고서.pdf"


class Outlet:
    """agent.tools.Outlet that remembers; its reactor is real."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.sent: list[Any] = []
        self.records: list[tuple[str, dict[str, str]]] = []
        self.activities: list[tuple[Activity, bool]] = []
        self.problems: list[RemoteProtocolError] = []
        self.react: Callable[[Any], None] = lambda message: None

    def send(self, body: bytes) -> None:
        message = files.decode_agent(body)
        self.sent.append(message)
        self.react(message)

    def may(self, right: Permission) -> bool:
        return True

    def activity(self, activity: Activity, on: bool) -> None:
        self.activities.append((activity, on))

    def record(self, act: str, **facts: str) -> None:
        raise AssertionError("files keep to a pace of their own")

    def result(self, act: str, **facts: str) -> None:
        self.records.append((act, facts))

    def tell_customer(self, text: str) -> None:
        pass

    def operator(self) -> str:
        return "Lee"


class Bench:
    def __init__(self, reactor: Any, store: Store | None = None) -> None:
        self.reactor = reactor
        self.outlet = Outlet(reactor)
        self.tool = FilesTool(self.outlet, store or Store())

    def say(self, *messages: files.ConsoleMessage) -> None:
        for message in messages:
            self.reactor.callFromThread(self._received, files.encode(message))

    def _received(self, body: bytes) -> None:
        try:
            self.tool.received(body)
        except RemoteProtocolError as problem:
            self.outlet.problems.append(problem)

    def close(self) -> None:
        self.reactor.callFromThread(self.tool.close)

    def wait(self, kind: type[Any], count: int = 1) -> Any:
        """The newest message of that kind, once there are so many."""
        deadline = time.monotonic() + 10
        while len(found := [m for m in self.outlet.sent if isinstance(m, kind)]) < count:
            assert time.monotonic() < deadline, (kind, self.outlet.sent[-5:], self.outlet.problems)
            time.sleep(0.005)
        return found[-1]

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not what():
            assert time.monotonic() < deadline, (self.outlet.sent[-5:], self.outlet.records)
            time.sleep(0.005)


@pytest.fixture(scope="module")
def reactor() -> Iterator[Any]:
    made = SelectReactor()
    made._handleSignals = lambda: None  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: made.run(installSignalHandlers=False), daemon=True)
    thread.start()
    yield made
    made.callFromThread(made.stop)
    thread.join(5)


def put(folder: Path | str, *names: str, conflict: str = "ask", number: int = 1, size: int = len(DATA)) -> files.Put:
    return files.Put(number, str(folder), names or (NAME,), size, TIME_MS, conflict, "panes")


def get(folder: Path, name: str = NAME, number: int = 1, offset: int = 0, size: int = 0, modified: int = 0) -> files.Get:
    return files.Get(number, str(folder), (name,), offset, size, modified, "panes")


def chunks(number: int, offset: int = 0, end: int = len(DATA)) -> list[files.Data]:
    step = 100_000
    return [files.Data(number, at, DATA[at : min(at + step, end)]) for at in range(offset, end, step)]


def fetch(bench: Bench, ask: files.Get, stop_after: int | None = None) -> bytes:
    """Plays the console: acknowledges, and answers FINISH with the sum of what came."""
    came = bytearray()

    def react(message: Any) -> None:
        if isinstance(message, files.Data):
            came.extend(message.data)
            if stop_after is None or len(came) < stop_after:
                bench.say(files.Ack(message.transfer, message.offset, 0))

    bench.outlet.react = react
    bench.say(ask)
    if stop_after is None:
        bench.wait(files.Finish)
    else:
        bench.until(lambda: len(came) >= stop_after)
    return bytes(came)


def test_a_file_arrives_is_acknowledged_and_recorded(reactor: Any, tmp_path: Path) -> None:
    bench = Bench(reactor)
    bench.say(put(tmp_path))
    assert bench.wait(files.Ready) == files.Ready(1, 0, len(DATA), TIME_MS)
    bench.say(*chunks(1), files.Finish(1, SUM))
    path = str(tmp_path / NAME)
    assert bench.wait(files.Ended) == files.Ended(1, "", path, SUM)
    assert [m.offset for m in bench.outlet.sent if isinstance(m, files.Ack)] == [d.offset for d in chunks(1)]
    assert (tmp_path / NAME).read_bytes() == DATA
    facts = {"name": path, "size": str(len(DATA)), "sha256": SUM, "result": "OK", "via": "panes"}
    assert bench.outlet.records == [("file_sent", facts)]
    assert bench.outlet.activities == [(Activity.FILES, True), (Activity.FILES, False)]


def test_a_cut_keeps_what_is_there_and_the_next_link_goes_on(reactor: Any, tmp_path: Path) -> None:
    store = Store()
    first = Bench(reactor, store)
    first.say(put(tmp_path))
    first.wait(files.Ready)
    first.say(*chunks(1, end=400_000))
    first.wait(files.Ack, 4)
    first.close()
    second = Bench(reactor, store)
    second.say(put(tmp_path))
    assert second.wait(files.Ready).offset == 400_000
    second.say(*chunks(1, 400_000), files.Finish(1, SUM))
    assert second.wait(files.Ended).code == ""
    assert (tmp_path / NAME).read_bytes() == DATA
    assert [facts["result"] for _, facts in first.outlet.records + second.outlet.records] == ["INTERRUPTED", "OK"]


def test_data_that_was_under_way_at_the_cut_is_not_lost_twice(reactor: Any, tmp_path: Path) -> None:
    """The old link's writes come before the new link's opening, however quick the new one is."""
    store = Store()
    first = Bench(reactor, store)
    first.say(put(tmp_path))
    first.wait(files.Ready)
    first.say(*chunks(1, end=900_000))
    first.close()
    second = Bench(reactor, store)
    second.say(put(tmp_path))
    offset = second.wait(files.Ready).offset
    second.say(*chunks(1, offset), files.Finish(1, SUM))
    assert second.wait(files.Ended).code == ""


def test_cancelling_leaves_nothing_and_pausing_leaves_the_part(reactor: Any, tmp_path: Path) -> None:
    for keep, left in ((True, 2), (False, 0)):
        bench = Bench(reactor)
        bench.say(put(tmp_path))
        offset = bench.wait(files.Ready).offset
        bench.say(*chunks(1, offset, offset + 300_000))
        bench.wait(files.Ack, 1)
        bench.say(files.Stop(1, keep))
        bench.until(lambda left=left: len(list(tmp_path.iterdir())) == left)  # type: ignore[misc]
        assert bench.outlet.records[0][1]["result"] == ("INTERRUPTED" if keep else "STOPPED")


def test_what_is_there_is_asked_about_and_that_is_no_record(reactor: Any, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"old")
    bench = Bench(reactor)
    bench.say(put(tmp_path))
    assert bench.wait(files.Ended).code == "EXISTS"
    assert bench.outlet.records == [] and (tmp_path / NAME).read_bytes() == b"old"


def test_a_wrong_sum_is_said_and_recorded(reactor: Any, tmp_path: Path) -> None:
    bench = Bench(reactor)
    bench.say(put(tmp_path))
    bench.wait(files.Ready)
    bench.say(*chunks(1), files.Finish(1, "0" * 64))
    assert bench.wait(files.Ended).code == "HASH"
    assert bench.outlet.records[0][1]["result"] == "HASH" and list(tmp_path.iterdir()) == []


def test_a_dropped_file_lands_on_the_desktop(reactor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FT-DROPIN"""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/바탕화면"\n')
    (tmp_path / "바탕화면").mkdir()
    bench = Bench(reactor)
    bench.say(put("", "folder", NAME))
    bench.wait(files.Ready)
    bench.say(*chunks(1), files.Finish(1, SUM))
    assert bench.wait(files.Ended).code == ""
    assert (tmp_path / "바탕화면" / "WizHelper_Download" / "folder" / NAME).read_bytes() == DATA


@pytest.mark.parametrize(
    ("names", "code"), [(("..", "x"), "BAD_NAME"), (("a/b",), "BAD_NAME"), (("NUL",), "BAD_NAME"), (("out", "x"), "LINK")]
)
def test_hostile_names_go_nowhere(reactor: Any, tmp_path: Path, names: tuple[str, ...], code: str) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    base.mkdir()
    outside.mkdir()
    (base / "out").symlink_to(outside)
    bench = Bench(reactor)
    bench.say(put(base, *names))
    assert bench.wait(files.Ended).code == code
    assert list(outside.iterdir()) == [] and [found.name for found in base.iterdir()] == ["out"]


def test_a_file_is_fetched_within_the_window_and_recorded(reactor: Any, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    bench = Bench(reactor)
    assert fetch(bench, get(tmp_path)) == DATA
    assert bench.wait(files.Finish).sha256 == SUM
    bench.say(files.Received(1, "", SUM))
    bench.until(lambda: bench.outlet.records != [])
    act, facts = bench.outlet.records[0]
    assert act == "file_received" and facts["result"] == "OK" and facts["sha256"] == SUM


def test_nothing_is_sent_beyond_the_window(reactor: Any, tmp_path: Path) -> None:
    """A console that does not acknowledge gets no more than the first window."""
    (tmp_path / NAME).write_bytes(DATA)
    bench = Bench(reactor)
    bench.say(get(tmp_path))
    bench.wait(files.Ready)
    time.sleep(0.3)
    under_way = sum(len(m.data) for m in bench.outlet.sent if isinstance(m, files.Data))
    assert 0 < under_way <= 64 * 1024


def test_a_fetch_goes_on_where_it_stopped_unless_the_file_is_another(reactor: Any, tmp_path: Path) -> None:
    there = tmp_path / NAME
    there.write_bytes(DATA)
    first = Bench(reactor)
    some = fetch(first, get(tmp_path), stop_after=200_000)
    first.close()
    ready = first.wait(files.Ready)
    second = Bench(reactor)
    rest = fetch(second, get(tmp_path, offset=len(some), size=ready.size, modified=ready.modified_ms))
    assert some + rest == DATA and second.wait(files.Finish).sha256 == SUM
    os.utime(there, (1, 1))
    third = Bench(reactor)
    assert fetch(third, get(tmp_path, offset=len(some), size=ready.size, modified=ready.modified_ms)) == DATA


def test_a_console_cannot_claim_a_sum_that_is_not_the_file_s(reactor: Any, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    bench = Bench(reactor)
    fetch(bench, get(tmp_path))
    bench.say(files.Received(1, "", "0" * 64))
    bench.until(lambda: bench.outlet.records != [])
    assert bench.outlet.records[0][1]["result"] == "HASH"


def test_a_file_that_changes_on_the_way_is_said_to_have_changed(reactor: Any, tmp_path: Path) -> None:
    there = tmp_path / NAME
    there.write_bytes(DATA)
    bench = Bench(reactor)
    fetch(bench, get(tmp_path), stop_after=100_000)
    with there.open("ab") as grown:
        grown.write(b"more")
    last = next(m for m in reversed(bench.outlet.sent) if isinstance(m, files.Data))
    bench.say(files.Ack(1, last.offset, 0))
    assert bench.wait(files.Ended).code == "CHANGED"
    assert bench.outlet.records[0][1]["result"] == "CHANGED"


def test_a_folder_comes_in_pages_as_they_are_asked_for(reactor: Any, tmp_path: Path) -> None:
    count = 6000
    for number in range(count):
        (tmp_path / f"f{number:05}").touch()
    (tmp_path / ".hidden").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / ".wizhelper-1.part").touch()
    bench = Bench(reactor)
    bench.say(files.List(1, str(tmp_path), ""))
    bench.wait(files.Entries, files.PAGES_AHEAD)
    time.sleep(0.2)
    assert len(bench.outlet.sent) == files.PAGES_AHEAD
    while not bench.outlet.sent[-1].last:
        bench.say(files.More(1))
        bench.wait(files.Entries, len(bench.outlet.sent) + 1)
    entries = {entry.name: entry for page in bench.outlet.sent for entry in page.entries}
    assert len(entries) == count + 3
    assert entries[".hidden"].hidden and entries["sub"].kind == "folder" and entries["link"].kind == "link"


def test_places_and_parents(reactor: Any, tmp_path: Path) -> None:
    bench = Bench(reactor)
    bench.say(files.List(1, "", ""))
    places = bench.wait(files.Places)
    assert places.separator == os.sep and places.places[0].path == str(Path.home())
    assert any(place.kind == "drive" and place.free for place in places.places)
    bench.say(files.List(2, str(tmp_path.parent), tmp_path.name))
    listed = bench.wait(files.Entries)
    assert (listed.folder, listed.parent) == (str(tmp_path), str(tmp_path.parent))


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no Unicode")
def test_a_name_that_is_no_unicode_is_shown_and_not_offered(reactor: Any, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff")).touch()
    bench = Bench(reactor)
    bench.say(files.List(1, str(tmp_path), ""))
    (entry,) = bench.wait(files.Entries).entries
    assert entry.kind == "other" and entry.name == "a\ufffd"


def test_keeping_house_is_said_before_it_is_done(reactor: Any, tmp_path: Path) -> None:
    bench = Bench(reactor)
    at = str(tmp_path)
    bench.say(files.Make(1, at, ("a", "b")))
    assert bench.wait(files.Result).code == "" and (tmp_path / "a" / "b").is_dir()
    bench.say(files.Rename(2, at, "a", "새 이름"))
    assert bench.wait(files.Result, 2).code == "" and (tmp_path / "새 이름" / "b").is_dir()
    bench.say(files.Remove(3, at, "새 이름"))
    assert bench.wait(files.Result, 3).code == "" and list(tmp_path.iterdir()) == []
    bench.say(files.Remove(4, at, "no such"))
    assert bench.wait(files.Result, 4).code == "NOT_FOUND"
    assert [(act, facts.get("result")) for act, facts in bench.outlet.records] == [
        ("folder_made", None),
        ("file_renamed", None),
        ("file_removed", None),
        ("file_removed", None),
        ("file_removed", "NOT_FOUND"),
    ]


def test_removing_a_folder_does_not_follow_links(reactor: Any, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "x").touch()
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    (doomed / "link").symlink_to(precious)
    bench = Bench(reactor)
    bench.say(files.Remove(1, str(tmp_path), "doomed"))
    assert bench.wait(files.Result).code == ""
    assert (precious / "x").exists() and not doomed.exists()


@pytest.mark.parametrize(
    "message",
    [
        lambda at: files.Rename(1, at, "a", "b"),
        lambda at: files.Make(1, at, ("b",)),
    ],
)
def test_nothing_is_overwritten_by_a_new_name(reactor: Any, tmp_path: Path, message: Any) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    bench = Bench(reactor)
    bench.say(message(str(tmp_path)))
    assert bench.wait(files.Result).code == "EXISTS" and (tmp_path / "b").read_text() == "b"


def test_a_folder_with_very_many_things_to_do_waits_for_the_record(
    reactor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "ACTS_AT_ONCE", 2)
    bench = Bench(reactor)
    bench.say(*(files.Make(number, str(tmp_path), (str(number),)) for number in range(10)))
    began = time.monotonic()
    bench.wait(files.Result, 10)
    assert time.monotonic() - began > 0.1


@pytest.mark.parametrize(
    "messages",
    [
        [get(Path("/"), "etc"), get(Path("/"), "etc")],
        [get(Path("/"), "etc"), files.Data(1, 0, b"x")],
        [get(Path("/"), "etc", number=number) for number in range(20)],
        [files.List(number, "/", "") for number in range(1, 20)],
    ],
    ids=["number twice", "wrong direction", "too many files", "too many folders"],
)
def test_what_no_console_of_ours_would_say_ends_the_link(reactor: Any, messages: list[Any]) -> None:
    bench = Bench(reactor)
    done = threading.Event()

    def all_at_once() -> None:
        for message in messages:
            bench._received(files.encode(message))
        done.set()

    reactor.callFromThread(all_at_once)
    assert done.wait(5)
    assert [problem.code for problem in bench.outlet.problems][:1] == ["BAD_FILES"]


def test_more_than_the_window_ends_the_link(reactor: Any, tmp_path: Path) -> None:
    bench = Bench(reactor)
    bench.say(put(tmp_path, size=10**9))
    bench.wait(files.Ready)
    piece = bytes(files.MAX_CHUNK)
    done = threading.Event()

    def flood() -> None:
        for number in range(2 * files.MAX_WINDOW // files.MAX_CHUNK + 1):
            bench._received(files.encode(files.Data(1, number * files.MAX_CHUNK, piece)))
        done.set()

    reactor.callFromThread(flood)
    assert done.wait(10)
    assert [problem.code for problem in bench.outlet.problems] == ["FILES_FLOOD"]
    bench.close()


def test_files_that_are_handed_over_are_offered_by_their_folders_and_then_fetched(reactor: Any, tmp_path: Path) -> None:
    """FT-DROPOUT: what is no file and no folder, and what is gone, is left out."""
    bench = Bench(reactor)
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.txt").write_text("b")
    (tmp_path / "link").symlink_to("/etc/passwd")
    names = ("a.txt", "folder", "link", "gone", "folder/b.txt")
    paths = [str(tmp_path / name) for name in names] + ["/", "https://example.com/x"]
    bench.reactor.callFromThread(bench.tool.offer, paths, "window")
    bench.wait(files.Offer, 2)
    offered = {m.folder: [(e.name, e.kind, e.size) for e in m.entries] for m in bench.outlet.sent if isinstance(m, files.Offer)}
    expected = {str(tmp_path): [("a.txt", "file", 5), ("folder", "folder", 0)], str(tmp_path / "folder"): [("b.txt", "file", 1)]}
    assert offered == expected
    assert {m.via for m in bench.outlet.sent if isinstance(m, files.Offer)} == {"window"}
    entry = next(m for m in bench.outlet.sent if isinstance(m, files.Offer)).entries[0]
    bench.say(files.Get(1, str(tmp_path), ("a.txt",), 0, entry.size, entry.modified_ms, "window"))
    assert bench.wait(files.Data).data == b"hello"
