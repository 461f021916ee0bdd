"""Fuzzing of every decoder of the protocol core: changed bytes may be refused, never believed, never end in a surprise.

    python -m tests.fuzz.fuzz_protocol --rounds 1000000 --seed 7          own mutator, all targets
    python -m tests.fuzz.fuzz_protocol --atheris frame [libFuzzer options]   one target under atheris, if it is installed

A target answers True when it accepted a forgery: bytes that pass a cryptographic check and that no honest end has made.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.protocol.tool_vectors import TOOLS
from wizhelper.protocol import control, device, frames, input, live, local, local_device, messages, screen
from wizhelper.protocol import update as releases
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.control import Identity
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.handshake import AgentHandshake, ConsoleHandshake
from wizhelper.protocol.link import AgentLink, ConsoleLink, LinkState
from wizhelper.protocol.secure import Opener, RekeyLimits, SigningKey

VECTORS = Path(__file__).parent.parent / "vectors"
MAX_INPUT = 64 * 1024


@dataclass(frozen=True)
class Target:
    """`run` gets changed bytes; True means that it accepted a forgery."""

    name: str
    samples: tuple[bytes, ...]
    run: Callable[[bytes], bool]


@dataclass
class Report:
    """What a run has found. `failures`: target, input in hex, traceback."""

    rounds: int = 0
    refused: int = 0
    forgeries: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str, str]] = field(default_factory=list)


def _vector(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


def _hex(texts: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)


def _bytes_in_turn(*values: int) -> Callable[[int], bytes]:
    """The random source of the vectors: the first value as every byte of the first call, and so on."""
    queue = list(values)
    return lambda n: bytes([queue.pop(0)]) * n


# --- targets without a secret: read or refuse -----------------------------------------------------------------------


def _plain(name: str, samples: Sequence[bytes], *decoders: Callable[[bytes], object]) -> Iterator[Target]:
    """`decoders` are tried one by one on the same samples; there is nothing to forge."""
    for decode in decoders:

        def run(data: bytes, decode: Callable[[bytes], object] = decode) -> bool:
            decode(data)
            return False

        yield Target(f"{name}.{decode.__name__}", tuple(samples), run)


def _identity(data: bytes) -> Identity:
    return messages.load_dataclass(Identity, data, "BAD_AUTH")


def _unpad_control(data: bytes) -> bytes:
    return frames.unpad(Channel.CONTROL, data)


_LOCAL_DECODERS: tuple[Callable[[bytes], object], ...] = (local.decode_from_window, local.decode_to_window)


def _plain_targets() -> Iterator[Target]:
    wire = {name: _vector(name) for name in ("control", "input", "screen", "padding")}
    update = bytes.fromhex(wire["screen"]["update"]["body"])
    zstd = tuple(bytes.fromhex(op["data"]) for op in wire["screen"]["update"]["ops"] if op["kind"] == 2)
    viewer = _hex([sample["body"] for sample in wire["screen"]["viewer"]])
    for name, tool in TOOLS.items():
        yield from _plain(name, tuple(tool.encode(m) for m in tool.console), tool.decode_console)
        yield from _plain(name, tuple(tool.encode(m) for m in tool.agent), tool.decode_agent)
    lives = tuple(live.encode(message) for message in _live_samples())
    yield from _plain("control", _hex([s["body"] for s in wire["control"]["messages"]]), control.decode)
    yield from _plain("input", _hex([s["body"] for s in wire["input"]["good"]]), input.decode)
    yield from _plain("screen", (update,), screen.decode_update)
    yield from _plain("screen", zstd, screen.decode_zstd_data)
    yield from _plain("screen", viewer, screen.decode_viewer)
    yield from _plain("screen", _hex([wire["screen"]["stats"]["body"]]), screen.decode_stats)
    yield from _plain("screen", _hex(wire["screen"]["troubles"].values()), screen.decode_trouble)
    yield from _plain("live", lives, live.decode_from_agent, live.decode_from_server)
    devices = tuple(device.encode(message) for message in _device_samples())
    yield from _plain("device", devices, device.decode_from_device, device.decode_from_server)
    yield from _plain("update", (json.dumps(asdict(_RELEASE)).encode(),), releases.parse_signed)
    yield from _plain("update", (_RELEASE.text.encode(),), _release_text)
    yield from _plain("local", tuple(local.encode(message) for message in _local_samples()), *_LOCAL_DECODERS)
    trays = tuple(local_device.encode(message) for message in _tray_samples())
    yield from _plain("local_device", trays, local_device.decode_from_tray, local_device.decode_to_tray)
    yield from _plain("messages", (json.dumps(wire["control"]["auth"]["identity"]).encode(),), _identity)
    yield from _plain("frames", _hex([s["plaintext"] for s in wire["padding"]]), _unpad_control)
    yield from _plain("frames", _sealed_frames(), frames.decode_header)


_RELEASE_KEY = SigningKey(b"r" * 32)
_RELEASE = releases.sign_manifest(
    releases.make_manifest(
        "1.2.0", datetime(2026, 11, 27, tzinfo=UTC), [releases.ReleaseProgram("linux", "x86_64", 1000, "ab" * 32)]
    ),
    _RELEASE_KEY,
    [releases.hand_over(b"k" * 32, _RELEASE_KEY)],
)


def _release_text(data: bytes) -> object:
    """As if a release key had signed whatever this is."""
    return releases.unverified(releases.SignedManifest(data.decode("utf-8", "replace"), ""))


def _device_samples() -> list[device.DeviceMessage | device.ServerMessage]:
    return [
        device.Challenge("ab" * 32),
        device.prove("ab" * 32, "d", device.About("i", "0.1.0", "PC", "u", "linux", "12"), _RELEASE_KEY),
        device.Admitted("pending", "매장", "회사", None),
        device.Invite("s", "secret", "김상담", "점검", "이팀장"),
        device.Task("t", "sh", "hostname"),
        device.TaskDone("t", "", 0, "out"),
        device.Wake("t", (device.Network("00:11:22:33:44:55", "192.0.2.0/24", "192.0.2.255"),)),
        device.Restart("t"),
        device.Update("t", _RELEASE),
        device.Updated("t", "1.2.0", ""),
    ]


def _live_samples() -> list[live.AgentMessage | live.ServerMessage]:
    return [
        live.Auth("6f7c", "secret", "0.1.0"),
        live.Approval(True),
        live.EndSession("customer_ended"),
        live.Acts((live.Act("screenshot", (live.Fact("name", "화면.png"),)),)),
        live.Quality((live.Sample(5.0, None, 1.5, 30.0, 900.0),)),
        live.Hello("ACTIVE", "회사", "김상담", 12.5, "shown", ("view", "control")),
        live.ApprovalAsked("김상담", 60.0),
        live.Dismiss("7"),
        live.Viewer("v", "ticket", "07" * 16, "김상담"),
        live.Roles((live.ViewerRole("v", "watcher"),)),
        live.Ended("idle"),
    ]


def _local_samples() -> list[local.FromWindow | local.ToWindow]:
    return [
        local.SubmitNumber("123456"),
        local.Verify("948977"),
        local.ConsentAnswer(True),
        local.Entry("number", True),
        local.Operators((local.OperatorItem(7, "김상담"),)),
        local.Session("회사", "김상담", 1.5, "948977", "shown", False),
    ]


def _tray_samples() -> list[local_device.FromTray | local_device.ToTray]:
    live_session = local_device.LiveSession("s", "김상담", 1.5)
    return [
        local_device.Hello("", "ko"),
        local_device.Register("support.example", "acme", "매장", "본사/1층", "", None),
        local_device.Rename("매장 2"),
        local_device.State("online", True, "https://a", "회사", "d", "매장", "9f86", "0.1.0", False, (live_session,)),
        local_device.Groups("회사", ("본사", "본사/1층")),
        local_device.History((local_device.PastSession("김상담", 1.0, None, ""),)),
        local_device.Result("rename", "NOT_LINKED", "a", "b"),
    ]


# --- targets with a secret: nothing may pass ------------------------------------------------------------------------


def _sealed_frames() -> tuple[bytes, ...]:
    found = _hex([m["data"] for m in _vector("link")["messages"]])
    return tuple(data for data in found if data[0] == frames.VERSION and len(data) > 66)


def _frame_target() -> Target:
    """The first frame of a direction, changed: nothing may open but what an honest end has sealed with that key."""
    known = _vector("handshake")[0]
    traffic, frame = bytes.fromhex(known["a2o"]), bytes.fromhex(known["first_a2o_screen_frame"]["frame"])
    honest = (frame, *_sealed_frames())

    def run(data: bytes) -> bool:
        Opener(traffic).open(data)
        return data not in honest

    return Target("frame", honest, run)


def _auth_target() -> Target:
    """A signed identity, changed: another spelling of the same one would be accepted by the same signature: a forgery."""
    known = _vector("control")["auth"]
    body, th = bytes.fromhex(known["body"]), bytes.fromhex(known["th"])

    def run(data: bytes) -> bool:
        control.decode_auth(known["side"], th, data)
        return data != body

    return Target("auth", (body,), run)


def _handshake_targets() -> Iterator[Target]:
    """Changed m1, m2 and m3: refused, or keys that differ from those of the honest run."""
    known = _vector("handshake")[0]
    sid, m1, m2, m3 = (bytes.fromhex(known[name]) for name in ("sid", "m1", "m2", "m3"))

    def agent() -> AgentHandshake:
        return AgentHandshake(sid, None, _bytes_in_turn(1, 2))

    def run_m1(data: bytes) -> bool:
        side = agent()
        side.receive_m1(data)
        return side.receive_m3(m3).a2o.hex() == known["a2o"] and data != m1

    def run_m2(data: bytes) -> bool:
        console = ConsoleHandshake(sid, None, _bytes_in_turn(3, 4))
        return console.receive_m2(data)[1].a2o.hex() == known["a2o"] and data != m2

    def run_m3(data: bytes) -> bool:
        side = agent()
        side.receive_m1(m1)
        side.receive_m3(data)
        return data != m3

    for name, sample, run in (("m1", m1, run_m1), ("m2", m2, run_m2), ("m3", m3, run_m3)):
        yield Target(f"handshake.{name}", (sample, m1, m2, m3), run)


def _link_target() -> Target:
    """A whole recorded link. The first byte says after how many messages the changed one comes."""
    known = _vector("link")
    sid, limits = bytes.fromhex(known["sid"]), RekeyLimits(frames=known["rekey_frames"])
    log = [(m["direction"], bytes.fromhex(m["data"])) for m in known["messages"]]

    def receiver(direction: str) -> ConsoleLink | AgentLink:
        if direction == "a2o":
            key = SigningKey(bytes.fromhex(known["console_key"]))
            who = Identity(**known["console_identity"])
            return ConsoleLink(sid, who, key, lambda: 0.0, None, _bytes_in_turn(3, 4), limits)
        key = SigningKey(bytes.fromhex(known["agent_key"]))
        return AgentLink(sid, Identity(**known["agent_identity"]), key, lambda: 0.0, None, _bytes_in_turn(1, 2), limits)

    def run(data: bytes) -> bool:
        at = data[0] % len(log) if data else 0
        direction, honest = log[at]
        link = receiver(direction)
        for sent_in, message in log[:at]:
            if sent_in == direction:
                link.receive(message)
        try:
            events = link.receive(data[1:])
        except RemoteProtocolError:
            assert link.state is LinkState.DEAD
            raise
        return bool(events) and data[1:] != honest

    return Target("link", tuple(bytes([i]) + data for i, (_, data) in enumerate(log)), run)


def targets() -> list[Target]:
    return [*_plain_targets(), _frame_target(), _auth_target(), *_handshake_targets(), _link_target()]


# --- the mutator ----------------------------------------------------------------------------------------------------


class Mutator:
    """Small changes of good samples; the same seed gives the same sequence."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._changes = (self._flip, self._cut, self._set, self._splice, self._repeat, self._insert)

    def mutate(self, samples: Sequence[bytes]) -> bytes:
        data = self._random.choice(samples)
        for _ in range(self._random.choice((1, 1, 1, 2, 4))):
            data = self._random.choice(self._changes)(data, samples)[:MAX_INPUT]
        return data

    def _at(self, data: bytes) -> int:
        return self._random.randrange(len(data) + 1)

    def _flip(self, data: bytes, _samples: Sequence[bytes]) -> bytes:
        if not data:
            return data
        changed = bytearray(data)
        bit = self._random.randrange(8 * len(data))
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    def _cut(self, data: bytes, _samples: Sequence[bytes]) -> bytes:
        first, last = sorted((self._at(data), self._at(data)))
        return self._random.choice((data[:first], data[first:], data[:first] + data[last:]))

    def _set(self, data: bytes, _samples: Sequence[bytes]) -> bytes:
        """Numbers that lengths and counters stumble over."""
        value = self._random.choice(
            (b"\x00", b"\xff", b"\x80", b"\x00\x00", b"\xff\xff", bytes(4), b"\xff" * 4, b"\x7f")
        )
        at = self._at(data)
        return data[:at] + value + data[at + len(value) :]

    def _splice(self, data: bytes, samples: Sequence[bytes]) -> bytes:
        other = self._random.choice(samples)
        return data[: self._at(data)] + other[self._at(other) :]

    def _repeat(self, data: bytes, _samples: Sequence[bytes]) -> bytes:
        first, last = sorted((self._at(data), self._at(data)))
        return data[:last] + data[first:last] * self._random.choice((1, 1, 1, 50)) + data[last:]

    def _insert(self, data: bytes, _samples: Sequence[bytes]) -> bytes:
        at = self._at(data)
        return data[:at] + self._random.randbytes(self._random.randrange(1, 9)) + data[at:]


# --- running --------------------------------------------------------------------------------------------------------


def try_one(target: Target, data: bytes, report: Report) -> None:
    report.rounds += 1
    try:
        if target.run(data):
            report.forgeries.append((target.name, data.hex()))
    except RemoteProtocolError:
        report.refused += 1
    except Exception:  # any other exception is what is looked for: it is reported with its input
        report.failures.append((target.name, data.hex(), traceback.format_exc()))


def run(rounds: int, seed: int, chosen: Sequence[Target] | None = None) -> Report:
    """`rounds` changed inputs, over all targets in turn."""
    report, mutator, all_targets = Report(), Mutator(seed), list(chosen or targets())
    for i in range(rounds):
        target = all_targets[i % len(all_targets)]
        try_one(target, mutator.mutate(target.samples), report)
    return report


def run_atheris(name: str, arguments: Sequence[str]) -> None:
    """Does not return. Raises SystemExit if there is no such target or no atheris."""
    target = next((t for t in targets() if t.name == name), None)
    if target is None:
        raise SystemExit(f"no target {name}; there are: {', '.join(t.name for t in targets())}")
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        raise SystemExit("atheris is not installed") from None

    def one(data: bytes) -> None:
        try:
            assert not target.run(data), "a forgery was accepted"
        except RemoteProtocolError:
            return

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the decoders of the protocol core.")
    parser.add_argument("--rounds", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", metavar="TARGET")
    options, rest = parser.parse_known_args()
    if options.atheris:
        run_atheris(options.atheris, rest)
    report = run(options.rounds, options.seed)
    for name, data, trace in report.failures[:20]:
        print(f"unhandled in {name}, input {data}\n{trace}")
    for name, data in report.forgeries[:20]:
        print(f"forgery accepted by {name}, input {data}")
    print(
        f"{report.rounds} rounds, {report.refused} refused, "
        f"{len(report.failures)} unhandled, {len(report.forgeries)} forgeries"
    )
    return 1 if report.failures or report.forgeries else 0


if __name__ == "__main__":
    sys.exit(main())
