"""How a device takes a release: fetched, checked, started when nobody is connected, given up when it does not work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agent_fakes import FakeReactor
from test_versions import NOW, prove, release, take, versions
from twisted.internet.defer import Deferred, maybeDeferred

from agent.device import launcher, updating
from agent.device.updating import PATH, SPARE_BYTES, TRIAL_S, Updater
from agent.device.versions import MAX_TRIES, Versions
from agent.link import LinkError
from wizhelper.protocol.device import Update, Updated

CONTENT = b"version 1.1.0"


class FakeServer:
    """Gives `content` for every path, or raises it."""

    def __init__(self, content: bytes | Exception = CONTENT) -> None:
        self.content = content
        self.paths: list[str] = []

    async def download(self, path: str, size_bytes: int, write: Callable[[bytes], Any]) -> None:
        self.paths.append(path)
        if isinstance(self.content, Exception):
            raise self.content
        write(self.content[:5])
        write(self.content[5:])


class Bench:
    def __init__(self, folder: Path, own: str = "1.0.0", server: Any = None) -> None:
        self.told: list[Updated] = []
        self.restarts = 0
        self.busy = False
        self.reactor, self.server = FakeReactor(), server or FakeServer()
        self.kept: Versions = versions(folder, own)

        def now_() -> Any:
            return NOW

        def in_thread(work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
            return maybeDeferred(work, *arguments)

        def restart() -> None:
            self.restarts += 1

        self.updater = Updater(
            self.reactor, self.server, self.kept, self.told.append, lambda: self.busy, restart, now_, in_thread
        )

    def offer(self, version: str = "1.1.0", content: bytes = CONTENT, task: str = "job") -> None:
        self.updater.offered(Update(task, release(version, content)))

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.told]


def test_a_release_is_fetched_and_starts_at_once_when_nobody_is_connected(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.offer()
    assert bench.told == [Updated("job", "1.1.0", "")] and bench.restarts == 1
    found = versions(tmp_path).begin()
    assert found is not None and found.read_bytes() == CONTENT
    assert bench.server.paths == [PATH + release("1.1.0", CONTENT).text.partition('"sha256":"')[2][:64]]


def test_nobody_loses_a_session_to_an_update(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.busy = True
    bench.offer()
    assert bench.codes == [""] and bench.restarts == 0
    bench.updater.now_idle()
    assert bench.restarts == 0
    bench.busy = False
    bench.updater.now_idle()
    assert bench.restarts == 1


def test_an_end_of_a_session_restarts_nothing_without_a_new_version(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.updater.now_idle()
    assert bench.restarts == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"version 6.6.6", "UPDATE_DAMAGED"),
        (LinkError("SERVER_UNREACHABLE", "cut"), "SERVER_UNREACHABLE"),
        (LinkError("BAD_ANSWER", "status 404"), "BAD_ANSWER"),
        (OSError(28, "No space left on device"), "UPDATE_NO_SPACE"),
        (ValueError("a bug"), "UPDATE_FAILED"),
    ],
)
def test_what_goes_wrong_is_told_and_changes_nothing(
    tmp_path: Path, content: Any, code: str
) -> None:
    bench = Bench(tmp_path, server=FakeServer(content))
    bench.offer()
    assert bench.codes == [code] and bench.restarts == 0 and versions(tmp_path).begin() is None
    bench.server.content = CONTENT
    bench.offer()
    assert bench.codes == [code, ""]


def test_a_release_that_this_pc_refuses_is_not_even_fetched(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "1.1.0")
    bench.offer()
    assert bench.codes == ["UPDATE_NOT_NEWER"] and bench.server.paths == []


def test_a_full_disk_is_noticed_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    usage = shutil._ntuple_diskusage(10**12, 10**12, SPARE_BYTES + len(CONTENT) - 1)  # type: ignore[attr-defined]
    monkeypatch.setattr(updating.shutil, "disk_usage", lambda _path: usage)
    bench.offer()
    assert bench.codes == ["UPDATE_NO_SPACE"] and bench.server.paths == []


def test_one_release_at_a_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.busy = True
    bench.offer()
    bench.offer("1.2.0", b"version 1.2.0", task="other")
    assert bench.told[-1] == Updated("other", "", "UPDATE_BUSY")


def test_a_version_has_proved_itself_when_it_has_reached_the_appliance(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    bench = Bench(tmp_path, "1.1.0")
    assert bench.kept.on_trial and bench.reactor.waits == [TRIAL_S]
    bench.updater.reached()
    assert not bench.kept.on_trial and bench.reactor.waits == [] and bench.told == []


def test_a_version_that_does_not_reach_the_appliance_starts_anew_and_is_given_up(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    for _ in range(MAX_TRIES):
        assert versions(tmp_path).begin() is not None
        bench = Bench(tmp_path, "1.1.0")
        bench.reactor.advance(TRIAL_S)
        assert bench.restarts == 1
    assert versions(tmp_path).begin() is None
    back = Bench(tmp_path)
    back.updater.reached()
    back.updater.reached()
    assert back.told == [Updated("", "1.1.0", "UPDATE_ROLLED_BACK")] * 2


def test_a_version_that_proved_itself_is_not_on_trial_again(tmp_path: Path) -> None:
    take(versions(tmp_path), "1.1.0")
    prove(tmp_path, "1.1.0")
    bench = Bench(tmp_path, "1.1.0")
    assert bench.reactor.waits == []


# --- the launcher -------------------------------------------------------------------------------------------------------


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], int]]:
    """What was started, with the exit status that it will have: filled by the test, emptied by the launcher."""
    planned: list[tuple[list[str], int]] = []
    monkeypatch.setattr(launcher, "own_command", lambda: ["own"])

    def supervise(command: list[str]) -> int:
        wanted, status = planned.pop(0)
        assert [Path(command[0]).name.removesuffix(".exe"), *command[1:]] == wanted
        return status

    monkeypatch.setattr(launcher, "supervise", supervise)
    return planned


NEW = ["wizhelper-agent-1.1.0", "device"]


def never() -> int:
    raise AssertionError("not in this process")


def test_without_anything_newer_the_program_runs_here(tmp_path: Path, statuses: Any) -> None:
    assert launcher.run(versions(tmp_path), ["device"], lambda: 3) == 3


def test_after_an_update_the_new_version_runs_and_its_end_is_the_end(tmp_path: Path, statuses: Any) -> None:
    def here() -> int:
        take(versions(tmp_path), "1.1.0")
        return launcher.RESTART

    statuses += [(NEW, 0)]
    assert launcher.run(versions(tmp_path), ["device"], here) == 0 and statuses == []


def test_a_new_version_that_crashes_gives_way_to_the_one_before(tmp_path: Path, statuses: Any) -> None:
    take(versions(tmp_path), "1.1.0")
    statuses += [(NEW, 1)] * MAX_TRIES + [(["own", "device"], 0)]
    assert launcher.run(versions(tmp_path), ["device"], never) == 0 and statuses == []


def test_a_crash_of_a_proved_version_is_the_service_managers_business(tmp_path: Path, statuses: Any) -> None:
    take(versions(tmp_path), "1.1.0")
    prove(tmp_path, "1.1.0")
    statuses += [(NEW, launcher.RESTART), (NEW, -11)]
    assert launcher.run(versions(tmp_path), ["device"], never) == -11 and statuses == []


def test_a_signal_reaches_the_new_version_and_ends_both(tmp_path: Path) -> None:
    """A real child: the launcher is told to stop as a service manager tells it."""
    import signal
    import subprocess
    import sys

    code = (
        "import sys; from agent.device.launcher import supervise;"
        "sys.exit(supervise([sys.executable, '-c', 'import os, signal, time; os.write(1, b\"up\"); time.sleep(60)']))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.read(2) == b"up"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
