"""RC-REBOOT RB-WRONGPW RB-CHECK RB-NOAUTO RB-SECRET: the steps of a restart, each that fails, and what is left then: nothing."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_fakes import FakeReactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from agent import restarting
from agent.kept import MAX_CHAT_BYTES, Kept, ResumeFile, latest
from agent.platform.restart import Ability, RestartError
from agent.restarting import Restarting, RestartParts
from wizhelper.protocol import live
from wizhelper.protocol.chat import Said
from wizhelper.protocol.reboot import Restart

PLAIN = Restart(1, False, "", "")
WITH_LOGON = Restart(2, False, "hong", "canary-password")
COMMAND = ["/program", "resume"]


class ImmediatePool:
    def callInThreadWithCallback(self, done: Any, work: Any, *arguments: Any) -> None:
        try:
            result = work(*arguments)
        except Exception:
            done(False, Failure())
        else:
            done(True, result)


class Reactor(FakeReactor):
    def getThreadPool(self) -> ImmediatePool:
        return ImmediatePool()


class FakeRestarter:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.able = Ability(True, True, True)
        self.fails: set[str] = set()
        self.right = "canary-password"

    def _do(self, *call: Any) -> None:
        self.calls.append(call)
        if call[0] in self.fails:
            raise RestartError(call[0])

    def ability(self) -> Ability:
        return self.able

    def password_is_right(self, account: str, password: str) -> bool:
        self._do("check", account)
        return password == self.right

    def log_on_once(self, account: str, password: str) -> None:
        self._do("logon", account, password)

    def start_at_logon(self, command: Sequence[str]) -> None:
        self._do("autostart", *command)

    def restart(self, safe_mode: bool) -> None:
        self._do("restart", safe_mode)

    def forget(self) -> None:
        self._do("forget")

    def at_desktop(self) -> bool:
        return True


class Bench:
    """A session of which only the restart is real."""

    def __init__(self, folder: Path) -> None:
        self.reactor = Reactor()
        self.restarter = FakeRestarter()
        self.file = ResumeFile(folder / "state")
        self.said: list[live.AgentMessage] = []
        self.told: list[tuple[str, str]] = []
        self.online, self.asked, self.settled = True, 0, 0
        self.failed: list[str] = []
        self.restarting = Restarting(self.reactor, RestartParts(self.restarter, folder / "state", COMMAND), self)

    def ask_restart(self, timeout_s: float) -> None:
        self.asked += 1

    def restart_settled(self) -> None:
        self.settled += 1

    def kept(self, secret: str) -> Kept:
        return replace(KEPT, secret=secret)

    def say_live(self, message: live.AgentMessage) -> bool:
        self.said.append(message)
        return self.online

    def wish(self, wish: Restart = PLAIN) -> None:
        done = Deferred.fromCoroutine(self.restarting.run(wish, lambda state, code: self.told.append((state, code))))
        done.addErrback(lambda failure: self.failed.append(str(failure.value.code)))

    @property
    def did(self) -> list[str]:
        return [call[0] for call in self.restarter.calls]

    def nothing_left(self) -> bool:
        return not self.file.exists() and self.did[-1:] == ["forget"] and not self.restarting.going_down


KEPT = Kept(
    *(4e9, "https://h:1", None, "session", "secret", "ACME", "kim", 1.0, "00" * 32, "11" * 32, "number"),
    *(("control", "view"), "shown", (Said(3, True, 5, "네"),)),
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_all_steps_come_in_their_order(bench: Bench) -> None:
    bench.wish(WITH_LOGON)
    assert (bench.asked, bench.did, bench.told) == (1, ["check"], [("asking", "")])
    bench.restarting.answered(True)
    assert bench.did == ["check", "autostart", "logon"] and bench.settled == 1
    kept = bench.file.path.read_text()
    assert stat.S_IMODE(bench.file.path.stat().st_mode) == 0o600 and "canary" not in kept
    bench.restarting.noted()
    assert bench.did[-1] == "restart" and bench.restarting.going_down and bench.told[-1] == ("going_down", "")


def test_the_server_gets_the_hash_of_what_is_kept_and_nothing_else(bench: Bench) -> None:
    bench.wish(WITH_LOGON)
    bench.restarting.answered(True)
    found = bench.file.take(0)
    assert found is not None
    assert bench.said == [live.Rebooting(hashlib.sha256(found.secret.encode()).hexdigest(), False, True)]
    assert b"canary" not in live.encode(bench.said[0])


def test_a_wrong_password_means_no_restart_and_no_question(bench: Bench) -> None:
    bench.wish(replace(WITH_LOGON, password="wrong"))
    assert (bench.failed, bench.asked, bench.did) == (["WRONG_PASSWORD"], 0, ["check"])
    bench.wish(WITH_LOGON)
    assert bench.asked == 1


def test_without_an_account_no_password_is_asked_for(bench: Bench) -> None:
    bench.wish()
    bench.restarting.answered(True)
    bench.restarting.noted()
    assert bench.did == ["autostart", "restart"]


def test_no_is_no_and_silence_is_no(bench: Bench) -> None:
    bench.wish()
    bench.restarting.answered(False)
    bench.wish()
    bench.reactor.advance(restarting.ANSWER_S)
    bench.restarting.answered(True)
    assert (bench.failed, bench.did, bench.settled) == (["CUSTOMER_REFUSED", "NOBODY_ANSWERED"], [], 2)


@pytest.mark.parametrize(
    ("able", "wish"),
    [
        (Ability(False, False, False), PLAIN),
        (Ability(True, False, True), replace(PLAIN, safe_mode=True)),
        (Ability(True, True, False), WITH_LOGON),
    ],
)
def test_what_the_system_cannot_do_is_refused_first(bench: Bench, able: Ability, wish: Restart) -> None:
    bench.restarter.able = able
    bench.wish(wish)
    assert (bench.failed, bench.did, bench.asked) == (["UNSUPPORTED"], [], 0)


@pytest.mark.parametrize("step", ["autostart", "logon"])
def test_a_preparation_that_fails_is_taken_back(bench: Bench, step: str) -> None:
    bench.restarter.fails = {step}
    bench.wish(WITH_LOGON)
    bench.restarting.answered(True)
    assert bench.failed == ["NOT_KEPT"] and bench.nothing_left() and "restart" not in bench.did


def test_a_disk_without_room_means_no_restart(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    bench.wish()
    bench.restarting.answered(True)
    assert bench.failed == ["NOT_KEPT"] and "restart" not in bench.did
    assert list((bench.file.path.parent).iterdir()) == []


@pytest.mark.parametrize("online", [True, False])
def test_a_server_that_does_not_know_means_no_restart(bench: Bench, online: bool) -> None:
    bench.online = online
    bench.wish(WITH_LOGON)
    bench.restarting.answered(True)
    bench.reactor.advance(restarting.NOTED_S)
    assert bench.failed == ["SERVER_SILENT"] and bench.nothing_left()
    bench.restarting.noted()
    assert "restart" not in bench.did


def test_a_system_that_refuses_leaves_the_session_as_it_was(bench: Bench) -> None:
    bench.restarter.fails = {"restart"}
    bench.wish(WITH_LOGON)
    bench.restarting.answered(True)
    bench.restarting.noted()
    assert bench.failed == ["RESTART_REFUSED"] and bench.nothing_left()
    assert bench.said[-1] == live.RebootCalledOff()


def test_a_pc_that_stays_up_forgets_the_password_after_three_minutes(bench: Bench) -> None:
    bench.wish(WITH_LOGON)
    bench.restarting.answered(True)
    bench.restarting.noted()
    bench.reactor.advance(restarting.STILL_UP_S)
    assert bench.told[-1] == ("refused", "STILL_UP") and bench.nothing_left()


def test_one_restart_at_a_time(bench: Bench) -> None:
    bench.wish()
    bench.wish()
    assert bench.failed == ["BUSY"] and bench.asked == 1


def test_what_was_kept_is_good_once_and_wiped_before_it_is_used(tmp_path: Path) -> None:
    file = ResumeFile(tmp_path / "new" / "folder")
    assert file.take() is None
    file.write(KEPT)
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert file.take(0) == KEPT
    assert not file.exists() and file.take(0) is None


@pytest.mark.parametrize("late", [0.0, 1.0])
def test_what_is_too_old_is_wiped_and_not_used(tmp_path: Path, late: float) -> None:
    file = ResumeFile(tmp_path)
    file.write(KEPT)
    assert file.take(KEPT.until_s + late) is None and not file.exists()


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"secret":1}', b"[" * 5000])
def test_a_damaged_file_is_wiped_and_not_used(tmp_path: Path, data: bytes) -> None:
    file = ResumeFile(tmp_path)
    file.path.write_bytes(data)
    file.path.chmod(0o600)
    assert file.take(0) is None and not file.exists()


def test_a_file_that_others_could_write_is_not_used(tmp_path: Path) -> None:
    file = ResumeFile(tmp_path)
    file.write(KEPT)
    file.path.chmod(0o666)
    assert file.take(0) is None and not file.exists()


def test_a_long_conversation_keeps_its_last_lines() -> None:
    lines = tuple(Said(number, False, 0, "가" * 1000) for number in range(1, 31))
    kept = latest(lines)
    assert 0 < len(kept) < 30 and kept == lines[-len(kept) :] and len(kept) * 3000 <= MAX_CHAT_BYTES
    assert latest(()) == ()
