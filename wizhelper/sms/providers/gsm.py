"""A GSM modem at the server, through the program `gammu` (Debian package `gammu`), which runs as a process of its own.

Gammu is GPL-2.0-or-later: it is neither linked nor shipped, and everything else works without it. The text goes in by its
standard input and the settings by a file that only the server's user can read, so that a list of processes shows neither.
A modem sends one text at a time; delivery reports are not collected, so a text stays "accepted".
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from twisted.internet.defer import CancelledError, Deferred, DeferredLock, succeed
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.web.iweb import IAgent

from wizhelper.sms.counting import MAX_PARTS, Encoding, measure
from wizhelper.sms.gateway import Accepted, BadSignature, Counting, DeliveryReport, OutgoingText, Refused, Uncertain

PROGRAM = "gammu"
SEND_S = 90
"""For a text of several parts on a slow modem; the outbox waits longer."""
MISSING, UNSENDABLE = "GAMMU_MISSING", "UNSENDABLE"
BEFORE_SENDING = range(101, 120)
"""Gammu's exit codes are 100 and its error: up to 19 the device did not open, did not answer or wants a PIN."""
_DEVICE = re.compile(r"/dev/(serial/by-id/[A-Za-z0-9_.:+-]{1,120}|tty(USB|ACM|S|AMA)\d{1,3})")


class Connection(StrEnum):
    """Gammu's names of a modem with AT commands on a serial line of that speed."""

    AT = "at"
    AT9600 = "at9600"
    AT19200 = "at19200"
    AT38400 = "at38400"
    AT57600 = "at57600"
    AT115200 = "at115200"


class GsmSettings(BaseModel):
    """`device`: of the server, below /dev. `pin`: of the SIM card, where it asks for one."""

    model_config = ConfigDict(frozen=True)

    device: str = Field(max_length=140, examples=["/dev/ttyUSB0"])
    connection: Connection = Connection.AT115200
    pin: SecretStr | None = Field(default=None, max_length=8)

    @field_validator("device")
    @classmethod
    def _serial(cls, value: str) -> str:
        if not _DEVICE.fullmatch(value):
            raise ValueError("/dev/ttyUSB0, /dev/ttyACM0, /dev/ttyS0 or /dev/serial/by-id/…")
        return value

    @field_validator("pin")
    @classmethod
    def _digits(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[0-9]{4,8}", value.get_secret_value()):
            raise ValueError("four to eight digits")
        return value


def configuration(settings: GsmSettings) -> str:
    """Gammu's settings file."""
    return f"[gammu]\ndevice = {settings.device}\nconnection = {settings.connection}\nlogformat = nothing\n"


class GsmGateway:
    kind = "gsm"

    def __init__(self, config: str, pin: str, reactor: Any) -> None:
        self._config = config
        self._pin = pin
        self._reactor = reactor
        self._one = DeferredLock()
        self._closed = False

    def send(self, text: OutgoingText) -> Deferred[Accepted]:
        return Deferred.fromCoroutine(self._send(text))

    async def _send(self, text: OutgoingText) -> Accepted:
        arguments = _arguments(text)
        try:
            await self._one.acquire()
        except CancelledError:
            raise Refused("BUSY", "the modem was busy for too long", retry=True) from None
        try:
            return await self._sent(text, arguments)
        finally:
            self._one.release()

    async def _sent(self, text: OutgoingText, arguments: list[str]) -> Accepted:
        program = shutil.which(PROGRAM)
        if program is None or self._closed:
            raise Refused(MISSING, "the program gammu is not installed on the server", retry=False)
        with tempfile.TemporaryDirectory(prefix="sms-") as folder:
            file = Path(folder) / "gammurc"
            file.touch(0o600)
            file.write_text(self._config)
            if self._pin:
                await self._run([program, "-c", str(file), "entersecuritycode", "PIN", "-"], self._pin)
            code = await self._run([program, "-c", str(file), *arguments], text.text)
        return _judged(code, text.key)

    def _run(self, command: list[str], given: str) -> Deferred[int | None]:
        process = _Process(given.encode("utf-8"))
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": tempfile.gettempdir()}
        transport = self._reactor.spawnProcess(process, command[0], command, env=environment)
        late = self._reactor.callLater(SEND_S, _kill, transport)

        def over(result: Any) -> Any:
            if late.active():
                late.cancel()
            return result

        return process.ended.addBoth(over)

    def poll(self, provider_ids: Sequence[str]) -> Deferred[list[DeliveryReport]]:
        """Delivery reports are not collected."""
        return succeed([])

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        raise BadSignature("a modem does not call by HTTP")

    def close(self) -> Deferred[None]:
        """What is being sent ends by itself, in SEND_S at the latest."""
        self._closed = True
        return succeed(None)


def _arguments(text: OutgoingText) -> list[str]:
    """Without the text. Raises Refused for what a modem cannot send."""
    measured = measure(text.text, Counting.GSM)
    if not re.fullmatch(r"\+[0-9]{7,15}", text.to) or not measured.fits or measured.parts > MAX_PARTS:
        raise Refused(UNSENDABLE, "", retry=False)
    letters = len(text.text.encode("utf-16-be")) // 2
    found = ["sendsms", "TEXT", text.to, "-autolen", str(letters + 1)]
    return [*found, "-unicode"] if measured.encoding is Encoding.UCS2 else found


def _judged(code: int | None, key: str) -> Accepted:
    if code is None:
        raise Uncertain("the modem did not answer in time")
    if code == 0:
        # The modem's own reference is a number of 0 to 255 that comes again and again.
        return Accepted(provider_id=key, raw_status="GAMMU_0")
    if code in BEFORE_SENDING:
        raise Refused(f"GAMMU_{code}", "the modem cannot be used", retry=True)
    raise Uncertain(f"GAMMU_{code}")


class _Process(ProcessProtocol):
    """`ended`: its exit code, None where it was killed. What it prints (numbers, prompts) is not kept."""

    def __init__(self, given: bytes) -> None:
        self._given = given
        self.ended: Deferred[int | None] = Deferred(lambda _deferred: _kill(self.transport))

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._given)
        self.transport.closeStdin()  # type: ignore[attr-defined]

    def processEnded(self, reason: Failure) -> None:
        code = 0 if reason.check(ProcessDone) else getattr(reason.value, "exitCode", None)
        if not self.ended.called:
            self.ended.callback(code)


def _kill(transport: Any) -> None:
    try:
        transport.signalProcess("KILL")
    except ProcessExitedAlready:
        return


class GsmKind:
    name = "gsm"
    settings: type[BaseModel] = GsmSettings
    counting = Counting.GSM
    callbacks = False

    def open(self, settings: GsmSettings, reactor: Any, agent: IAgent) -> GsmGateway:
        pin = settings.pin.get_secret_value() if settings.pin else ""
        return GsmGateway(configuration(settings), pin, reactor)
