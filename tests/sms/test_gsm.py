"""The GSM modem: gammu's dummy telephone takes real texts, and a program in its place shows what is given to it.

OP-SMS, ADM-SMSCFG
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.sms.peers import OwnReactor
from wizhelper.sms.configuration import secret_names
from wizhelper.sms.gateway import BadSignature, OutgoingText, Refused, TextKind, Uncertain
from wizhelper.sms.providers import gsm
from wizhelper.sms.providers.gsm import GsmGateway, GsmKind, GsmSettings, configuration

TEXT = OutgoingText(key="k-1", to="+821012345678", sender="01000000000", text="Code 482913 €", kind=TextKind.SMS)
KOREAN = replace(TEXT, text="원격지원 접속번호 482913\n끝")

PROGRAM = """#!{python}
import json, os, sys, time
config = sys.argv[2]
said = {{"arguments": sys.argv[3:], "given": sys.stdin.buffer.read().decode(), "config": open(config).read(),
         "mode": oct(os.stat(config).st_mode & 0o777), "environment": sorted(os.environ)}}
open({log!r}, "a").write(json.dumps(said) + "\\n")
time.sleep({sleep})
print("OK, message reference=255")
sys.exit({code})
"""


class Stub:
    """A program named gammu that notes what it is given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._log = folder, folder / "log"
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        self.set()

    def set(self, code: int = 0, sleep: float = 0) -> None:
        program = self._folder / "gammu"
        program.write_text(PROGRAM.format(python=sys.executable, log=str(self._log), code=code, sleep=sleep))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    @property
    def runs(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    return Stub(tmp_path, monkeypatch)


def modem(own: OwnReactor, **more: Any) -> GsmGateway:
    return GsmKind().open(GsmSettings(**{"device": "/dev/ttyUSB0", **more}), own.reactor, None)  # type: ignore[arg-type]


@pytest.mark.skipif(shutil.which("gammu") is None, reason="needs gammu")
@pytest.mark.parametrize("text", [TEXT, KOREAN, replace(TEXT, text="가나다라마" * 40)])
def test_gammus_own_dummy_telephone_takes_it(own: OwnReactor, tmp_path: Path, text: OutgoingText) -> None:
    config = f"[gammu]\nmodel = dummy\nconnection = none\ndevice = {tmp_path}\n"
    found = own.result(GsmGateway(config, "", own.reactor).send(text))
    assert (found.provider_id, found.raw_status) == ("k-1", "GAMMU_0")


@pytest.mark.skipif(shutil.which("gammu") is None, reason="needs gammu")
def test_a_modem_that_is_not_there_took_nothing(own: OwnReactor) -> None:
    with pytest.raises(Refused) as problem:
        own.result(modem(own, device="/dev/ttyUSB99").send(TEXT))
    assert problem.value.code.startswith("GAMMU_1") and problem.value.retry


def test_text_and_pin_are_not_in_the_list_of_processes(own: OwnReactor, stub: Stub) -> None:
    own.result(modem(own, pin="4711").send(KOREAN))
    unlock, send = stub.runs
    assert (unlock["arguments"], unlock["given"]) == (["entersecuritycode", "PIN", "-"], "4711")
    assert send["given"] == KOREAN.text
    assert send["arguments"] == ["sendsms", "TEXT", "+821012345678", "-autolen", "19", "-unicode"]
    assert send["config"] == "[gammu]\ndevice = /dev/ttyUSB0\nconnection = at115200\nlogformat = nothing\n"
    assert send["mode"] == "0o600"
    assert set(send["environment"]) <= {"PATH", "LC_ALL", "HOME", "LC_CTYPE"}


def test_latin_text_stays_in_seven_bits(own: OwnReactor, stub: Stub) -> None:
    own.result(modem(own).send(TEXT))
    assert "-unicode" not in stub.runs[0]["arguments"]


def test_one_text_at_a_time(own: OwnReactor, stub: Stub) -> None:
    stub.set(sleep=0.3)
    one, found = modem(own), list[Any]()
    for number in range(2):
        one.send(replace(TEXT, key=str(number))).addBoth(found.append)
    own.until(lambda: stub.runs)
    assert len(stub.runs) == 1
    own.until(lambda: len(found) == 2)
    assert [each.provider_id for each in found] == ["0", "1"]


def test_whoever_gives_up_waiting_for_the_modem_hears_that_nothing_was_sent(own: OwnReactor, stub: Stub) -> None:
    stub.set(sleep=0.3)
    one, found = modem(own), list[Any]()
    first = one.send(TEXT)
    second = one.send(TEXT)
    second.addErrback(found.append)
    second.cancel()
    assert found[0].check(Refused) and found[0].value.retry
    own.result(first)
    assert len(stub.runs) == 1


@pytest.mark.parametrize("code", [102, 104, 114])
def test_before_sending_it_is_a_refusal(own: OwnReactor, stub: Stub, code: int) -> None:
    stub.set(code)
    with pytest.raises(Refused) as problem:
        own.result(modem(own).send(TEXT))
    assert (problem.value.code, problem.value.retry) == (f"GAMMU_{code}", True)


@pytest.mark.parametrize("code", [1, 3, 127, 150])
def test_after_that_it_is_uncertain(own: OwnReactor, stub: Stub, code: int) -> None:
    stub.set(code)
    with pytest.raises(Uncertain):
        own.result(modem(own).send(TEXT))


def test_a_modem_that_hangs_is_ended(own: OwnReactor, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gsm, "SEND_S", 0.3)
    stub.set(sleep=30)
    with pytest.raises(Uncertain):
        own.result(modem(own).send(TEXT))


def test_without_the_program_it_says_so(own: OwnReactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused) as problem:
        own.result(modem(own).send(TEXT))
    assert (problem.value.code, problem.value.retry) == ("GAMMU_MISSING", False)


@pytest.mark.parametrize("wrong", [{"to": "-report"}, {"to": "+82 10"}, {"text": "가" * 500}])
def test_what_is_no_text_never_reaches_the_program(own: OwnReactor, stub: Stub, wrong: dict[str, str]) -> None:
    with pytest.raises(Refused):
        own.result(modem(own).send(replace(TEXT, **wrong)))
    assert stub.runs == []


@pytest.mark.parametrize(
    "device", ["/etc/shadow", "/dev/sda", "/dev/ttyUSB0\nmodel = dummy", "/dev/serial/by-id/../../sda", "ttyUSB0", ""]
)
def test_only_serial_devices_can_be_named(device: str) -> None:
    with pytest.raises(ValidationError):
        GsmSettings(device=device)


def test_the_pin_is_a_secret_of_digits() -> None:
    assert secret_names(GsmKind()) == ["pin"]
    made = GsmSettings(device="/dev/ttyS0", pin="4711")  # type: ignore[arg-type]
    assert "4711" not in repr(made) + configuration(made)
    with pytest.raises(ValidationError):
        GsmSettings(device="/dev/ttyS0", pin="12\n4")  # type: ignore[arg-type]


def test_it_has_no_reports(own: OwnReactor) -> None:
    one = modem(own)
    assert own.result(one.poll(["x"])) == []
    with pytest.raises(BadSignature):
        one.callback({}, b"", {})
