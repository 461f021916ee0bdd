"""Questions about this PC: answered page by page, bounded, and each with its right. RC-PROC RC-HW RC-SW RC-SYS"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from agent_fakes import ViewerBench
from twisted.internet.defer import Deferred, fail, maybeDeferred

from agent.facts import PcFacts
from agent.facts.hardware import hardware
from agent.facts.processes import Processes
from agent.facts.services import services
from agent.facts.software import software
from agent.features.info import BUSY, FAILED, MAX_WAITING, InfoTool
from agent.platform.interface import PlatformCode, PlatformError
from agent.tools import ToolKind
from wizhelper.protocol import info, messages
from wizhelper.protocol.channels import CONTROL, INFORMATION, VIEW, Channel


class FakeFacts:
    def __init__(self) -> None:
        self.killed: list[tuple[int, float]] = []
        self.problem: Exception | None = None
        self.lists: dict[str, Sequence[info.Row]] = {"software": [info.Program("한글", "2024", "한컴")]}

    def rows(self, what: str, level: str = "") -> Sequence[info.Row]:
        if self.problem is not None:
            raise self.problem
        return self.lists[what]

    def kill(self, pid: int, started: float) -> None:
        if self.problem is not None:
            raise self.problem
        self.killed.append((pid, started))


class Bench:
    def __init__(self, *rights: Any, run: Callable[..., Any] = maybeDeferred) -> None:
        self.facts = FakeFacts()
        kind = ToolKind(Channel.INFO, frozenset({INFORMATION}), lambda outlet: InfoTool(outlet, self.facts, run))
        self.viewer = ViewerBench(frozenset({VIEW, INFORMATION, *rights}), tools=(kind,))
        self.console = self.viewer.open()

    def ask(self, message: info.Ask | info.Kill) -> None:
        self.console.send(Channel.INFO, info.encode(message))

    def answers(self) -> list[Any]:
        self.console.ferry()
        return [info.decode_agent(e.body) for e in self.console.messages(Channel.INFO)]


def test_a_list_is_answered_with_its_number() -> None:
    bench = Bench()
    bench.ask(info.Ask(7, "software"))
    assert bench.answers() == [info.Page("software", 7, True, (info.Program("한글", "2024", "한컴"),))]


def test_a_long_list_comes_in_pages_that_fit_a_message() -> None:
    bench = Bench()
    rows = [info.Program("가" * 300, "나" * 300, str(number)) for number in range(500)]
    bench.facts.lists["software"] = rows
    bench.ask(info.Ask(1, "software"))
    pages = bench.answers()
    assert len(pages) > 10 and [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [row for page in pages for row in page.rows] == rows
    assert all(len(e.body) < messages.MAX_JSON_BYTES for e in bench.console.messages(Channel.INFO))


def test_an_empty_list_is_an_answer() -> None:
    assert list(info.pages("services", 3, [])) == [info.Page("services", 3, True, ())]


@pytest.mark.parametrize(
    ("problem", "code"), [(PlatformError(PlatformCode.SYSTEM_UNSUPPORTED), "SYSTEM_UNSUPPORTED"), (KeyError(), FAILED)]
)
def test_a_list_that_cannot_be_read_says_why(problem: Exception, code: str) -> None:
    bench = Bench()
    bench.facts.problem = problem
    bench.ask(info.Ask(1, "software"))
    assert bench.answers() == [info.Result(1, code)]


def test_ending_a_process_needs_the_right_to_control_and_is_recorded() -> None:
    bench = Bench()
    bench.ask(info.Kill(1, 4711, 5.0))
    assert bench.answers() == [info.Result(1, "NOT_ALLOWED")] and bench.facts.killed == []
    bench = Bench(CONTROL)
    bench.ask(info.Kill(1, 4711, 5.0))
    assert bench.answers() == [info.Result(1, "")] and bench.facts.killed == [(4711, 5.0)]
    assert ("acted", "process_killed", {"pid": "4711"}) in bench.viewer.events.calls


def test_questions_that_pile_up_are_refused_and_nothing_is_sent_after_the_end() -> None:
    waiting: list[Deferred[Any]] = []

    def later(*_: Any) -> Deferred[Any]:
        waiting.append(Deferred())
        return waiting[-1]

    bench = Bench(run=later)
    for number in range(MAX_WAITING + 2):
        bench.ask(info.Ask(number, "software"))
    assert [answer.code for answer in bench.answers()] == [BUSY, BUSY]
    bench.viewer.viewer.close()
    waiting[0].callback([b"late"])
    waiting[1].errback(fail(KeyError()).result)  # type: ignore[arg-type]
    assert len(bench.answers()) == 2


# --- this PC ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_processes_are_listed_with_what_they_use(sleeper: subprocess.Popen[bytes]) -> None:
    row = next(row for row in PcFacts().rows("processes") if isinstance(row, info.Process) and row.pid == sleeper.pid)
    assert "python" in row.name and "time.sleep(60)" in row.command
    assert row.memory > 1_000_000 and abs(row.started - time.time()) < 60


def test_cpu_is_measured_between_two_questions() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        processes = Processes()
        processes.rows()
        time.sleep(0.5)
        assert next(row.cpu for row in processes.rows() if row.pid == busy.pid) > 20
    finally:
        busy.kill()
        busy.wait()


def test_a_process_is_ended(sleeper: subprocess.Popen[bytes]) -> None:
    Processes().kill(sleeper.pid, psutil.Process(sleeper.pid).create_time())
    assert not psutil.pid_exists(sleeper.pid)


def test_a_process_that_does_not_want_to_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.facts.processes.END_WAIT_S", 0.3)
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    stubborn = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    Processes().kill(stubborn.pid, psutil.Process(stubborn.pid).create_time())
    assert stubborn.wait(5) == -9


def test_another_process_of_the_same_number_this_program_and_its_parents_stay(sleeper: subprocess.Popen[bytes]) -> None:
    own = psutil.Process()
    for pid, started, code in (
        (sleeper.pid, 1.0, PlatformCode.PROCESS_GONE),
        (2**22 - 3, 1.0, PlatformCode.PROCESS_GONE),
        (own.pid, own.create_time(), PlatformCode.PROCESS_PROTECTED),
        (own.ppid(), 0.0, PlatformCode.PROCESS_PROTECTED),
        (1, 0.0, PlatformCode.PROCESS_PROTECTED),
    ):
        with pytest.raises(PlatformError) as problem:
            Processes().kill(pid, started)
        assert problem.value.code is code
    assert sleeper.poll() is None


def test_the_system_names_itself() -> None:
    rows = PcFacts().rows("system")
    facts = {(row.section, row.key): row.value for row in rows if isinstance(row, info.Fact)}
    assert facts["computer", "host"] and "%" in facts["use", "memory"] and ("disk", "/") in facts
    assert any("127.0.0.1" in value for (section, _), value in facts.items() if section == "network")


def test_texts_fit_their_cells() -> None:
    facts = PcFacts()
    facts._lists["software"] = lambda: [info.Program("x" * 5000, "\ud800", "")]
    assert facts.rows("software") == [info.Program("x" * info.MAX_CELL, "?", "")]


def test_software_of_linux_is_what_dpkg_has_installed() -> None:
    rows = software("linux", lambda _: "installed\tvim\t9\tDebian\nconfig-files\told\t1\tX\nbroken\n")
    assert rows == [info.Program("vim", "9", "Debian")]


def test_software_of_macos_is_what_the_profiler_lists() -> None:
    text = json.dumps({"SPApplicationsDataType": [{"_name": "Safari", "version": "18"}, {"_name": "Books"}]})
    assert [row.name for row in software("darwin", lambda _: text)] == ["Books", "Safari"]
    with pytest.raises(PlatformError):
        software("darwin", lambda _: "not JSON")


def test_services_of_systemd_and_launchd() -> None:
    unit = {"unit": "ssh.service", "active": "active", "sub": "running", "description": "OpenBSD Secure Shell"}
    assert services("linux", lambda _: json.dumps([unit])) == [
        info.Service("ssh.service", "OpenBSD Secure Shell", "active (running)")
    ]
    with pytest.raises(PlatformError, match="SYSTEM_UNSUPPORTED"):
        services("linux", lambda _: "System has not been booted with systemd")
    listed = "PID\tStatus\tLabel\n12\t0\tcom.apple.a\n-\t1\tcom.apple.b\n"
    assert [row.state for row in services("darwin", lambda _: listed)] == ["running", "stopped (1)"]


def test_hardware_of_linux_reads_the_board_and_drives(tmp_path: Path) -> None:
    for name, text in (
        ("class/dmi/id/sys_vendor", "LG"),
        ("block/sda/device/model", "SSD 870"),
        ("block/sda/size", "1953525168"),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    rows = hardware("linux", sys_folder=tmp_path)
    assert info.Fact("computer", "maker", "LG") in rows
    assert info.Fact("drive", "sda", "SSD 870, 931.5 GB") in rows


def test_hardware_of_windows_asks_cim_and_takes_one_or_several() -> None:
    def run(command: Sequence[str]) -> str:
        if "Win32_VideoController" in command[-1]:
            return json.dumps([{"Name": "GPU 1"}, {"Name": "GPU 2"}])
        return json.dumps({"Manufacturer": "LG", "Model": "gram"}) if "Win32_ComputerSystem" in command[-1] else ""

    rows = hardware("win32", run)
    assert [row.value for row in rows[:4]] == ["LG", "gram", "GPU 1", "GPU 2"]


def test_windows_services_and_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = SimpleNamespace(name=lambda: "Spooler", display_name=lambda: "Print Spooler", status=lambda: "running")
    monkeypatch.setattr(psutil, "win_service_iter", lambda: iter([entry]), raising=False)
    assert services("win32") == [info.Service("Spooler", "Print Spooler", "running")]
    monkeypatch.setitem(sys.modules, "winreg", FakeRegistry())  # type: ignore[arg-type]
    assert software("win32") == [info.Program("한글 2024", "24.0", "한컴")]


class FakeKey:
    def __init__(self, values: dict[str, Any], keys: dict[str, FakeKey]) -> None:
        self.values, self.keys = values, keys

    def __enter__(self) -> FakeKey:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class FakeRegistry:
    HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER = "machine", "user"
    _programs = FakeKey(
        {},
        {
            "hwp": FakeKey({"DisplayName": "한글 2024", "DisplayVersion": "24.0", "Publisher": "한컴"}, {}),
            "update": FakeKey({"DisplayName": "Update", "ParentKeyName": "hwp"}, {}),
            "part": FakeKey({"DisplayName": "Part", "SystemComponent": 1}, {}),
            "nameless": FakeKey({}, {}),
        },
    )

    def OpenKey(self, parent: Any, name: str) -> FakeKey:
        if isinstance(parent, FakeKey):
            return parent.keys[name]
        if parent == "user" or "WOW6432" in name:
            raise FileNotFoundError(name)
        return self._programs

    def QueryInfoKey(self, key: FakeKey) -> tuple[int, int]:
        return len(key.keys), len(key.values)

    def EnumKey(self, key: FakeKey, index: int) -> str:
        return list(key.keys)[index]

    def EnumValue(self, key: FakeKey, index: int) -> tuple[str, Any, int]:
        return (*list(key.values.items())[index], 1)
