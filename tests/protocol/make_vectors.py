"""Writes tests/vectors/*.json, which pytest and vitest both read. Run it by hand after a deliberate change of the wire."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.protocol.tool_vectors import TOOLS
from wizhelper.protocol import control, frames, input, link, screen
from wizhelper.protocol.channels import Channel
from wizhelper.protocol.control import Identity
from wizhelper.protocol.handshake import AgentHandshake, ConsoleHandshake
from wizhelper.protocol.secure import RekeyLimits, Sealer, SigningKey

VECTORS = Path(__file__).parent.parent / "vectors"
SID = b"\x07" * 16
RESUME = b"\x0a" * 32
AGENT_KEY, CONSOLE_KEY = SigningKey(b"\x05" * 32), SigningKey(b"\x06" * 32)
AGENT = Identity("one_time", "PC-7", "0.1.0", AGENT_KEY.public.hex(), "PC-7", "kim", "linux", "12")
CONSOLE = Identity("operator", "김상담", "0.1.0", CONSOLE_KEY.public.hex())


def fixed(*values: int):  # type: ignore[no-untyped-def]
    """A random source that gives the first value as every byte of the first call, and so on."""
    queue = list(values)
    return lambda n: bytes([queue.pop(0)]) * n


def handshake(resume: bytes | None) -> dict[str, Any]:
    console = ConsoleHandshake(SID, resume, fixed(3, 4))
    agent = AgentHandshake(SID, resume, fixed(1, 2))
    m2 = agent.receive_m1(console.m1)
    m3, keys = console.receive_m2(m2)
    assert agent.receive_m3(m3) == keys
    frame = Sealer(keys.a2o, lambda: 0.0).seal(Channel.SCREEN, b"hello" * 5)
    return {
        "sid": SID.hex(),
        "resume_in": resume.hex() if resume else None,
        "console_secret": "03" * 32,
        "console_nonce": "04" * 32,
        "agent_secret": "01" * 32,
        "agent_nonce": "02" * 32,
        "m1": console.m1.hex(),
        "m2": m2.hex(),
        "m3": m3.hex(),
        "th": keys.th.hex(),
        "sas": keys.sas,
        "o2a": keys.o2a.hex(),
        "a2o": keys.a2o.hex(),
        "resume": keys.resume.hex(),
        "first_a2o_screen_frame": {"body": (b"hello" * 5).hex(), "frame": frame.hex()},
    }


def conversation() -> dict[str, Any]:
    """A whole link with a rekey after every third frame: each message as it crosses the relay."""
    limits = RekeyLimits(frames=3)
    console = link.ConsoleLink(SID, CONSOLE, CONSOLE_KEY, lambda: 0.0, None, fixed(3, 4), limits)
    agent = link.AgentLink(SID, AGENT, AGENT_KEY, lambda: 0.0, None, fixed(1, 2), limits)
    log: list[dict[str, str]] = []

    def exchange() -> None:
        moved = True
        while moved:
            moved = False
            for name, one, other in (("o2a", console, agent), ("a2o", agent, console)):
                for data in one.data_to_send():
                    moved = True
                    log.append({"direction": name, "data": data.hex()})
                    other.receive(data)

    exchange()
    bodies = []
    for i in range(5):
        for name, side, channel in (("a2o", agent, Channel.SCREEN), ("o2a", console, Channel.INPUT)):
            body = f"{name} {i}".encode()
            side.seal(channel, body)
            bodies.append({"direction": name, "channel": int(channel), "body": body.hex()})
            exchange()
    return {
        "sid": SID.hex(),
        "rekey_frames": 3,
        "agent_identity": asdict(AGENT),
        "console_identity": asdict(CONSOLE),
        "agent_key": "05" * 32,
        "console_key": "06" * 32,
        "messages": log,
        "bodies": bodies,
    }


def padding() -> list[dict[str, Any]]:
    return [
        {"channel": int(c), "body": body.hex(), "plaintext": frames.pad(c, body).hex()}
        for c in (Channel.CONTROL, Channel.SCREEN)
        for body in (b"a", b"a" * 63, b"a" * 64, b"a\x80\x00")
    ]


def inputs() -> list[dict[str, Any]]:
    samples: list[input.InputMessage] = [
        input.Key("KeyA", True),
        input.Key("Lang1", False),
        input.Text("안녕하세요 €"),
        input.Pointer(1919, 1079, 5),
        input.Wheel(10, 20, -120, 240),
        input.Release(),
    ]
    return [{"type": type(m).__name__, "fields": asdict(m), "body": input.encode(m).hex()} for m in samples]


def bad_inputs() -> list[str]:
    return [
        "",
        "00",
        "01",
        "0101",
        "0102414141",
        "0101" + "41" * 25,
        "01012e",
        "02",
        "02ff",
        "0300010001",
        "030001000120",
        "0400",
        "0500",
        "ff",
        "02" + "41" * 4097,
    ]


def screens() -> dict[str, Any]:
    monitors = (screen.MonitorInfo(0, 0, 1920, 1080, "DP-1", True),)
    update = screen.Update(
        7,
        123456,
        (
            screen.Op(screen.OpKind.RESIZE, w=1920, h=1080, data=screen.resize_data(monitors)),
            screen.Op(screen.OpKind.ZRESET),
            screen.Op(screen.OpKind.COPY, 10, 20, 300, 200, 10, 74),
            screen.Op(screen.OpKind.ZSTD, data=screen.zstd_data([(0, 0, 64, 32), (64, 0, 1, 1)], b"chunk")),
            screen.Op(screen.OpKind.JPEG, 64, 32, 128, 64, data=b"\xff\xd8"),
            screen.Op(screen.OpKind.VIDEO, 64, 96, 128, 64, 1, 3, b"\x01\x9d\x01\x2a"),
            screen.Op(screen.OpKind.CURSOR, w=1, h=1, a=0, b=0, data=b"\x01\x02\x03\x04"),
            screen.Op(screen.OpKind.CURPOS, 5, 6),
        ),
    )
    viewer: list[screen.ViewerMessage] = [
        screen.Ack(7, 12),
        screen.Caps(("vp8",)),
        screen.Refresh(),
        screen.ViewRequest("compatible", False, "economy", "grey", 1),
        screen.Pause(True),
    ]
    stats = screen.Stats(12.5, 30.0, 800.25, "fast", 1920, 1080, "vp8")
    return {
        "update": {
            "frame_id": 7,
            "stamp_ms": 123456,
            "body": update.encode().hex(),
            "ops": [asdict(op) | {"kind": int(op.kind), "data": op.data.hex()} for op in update.ops],
        },
        "viewer": [
            {"type": type(m).__name__, "fields": asdict(m), "body": screen.encode_viewer(m).hex()} for m in viewer
        ],
        "stats": {"fields": asdict(stats), "body": screen.encode_stats(stats).hex()},
        "troubles": {code: screen.encode_trouble(code).hex() for code in ("", *screen.TROUBLES)},
        "bad_updates": [
            "",
            "01",
            "0100000007000000000900000000000000000000000000000000",
            "010000000700000000" + "01" * 10,
            "0100000007000000000300000000000000000000000000000005ffff",
        ],
    }


def controls() -> dict[str, Any]:
    samples: list[control.ControlMessage] = [
        control.Welcome(("view", "control"), "shown", "unverified", False),
        control.End("customer_ended"),
        control.Ping(1),
        control.Pong(2**64 - 1),
        control.Note("recording_started"),
        control.Rekey(),
    ]
    return {
        "messages": [{"type": type(m).__name__, "fields": asdict(m), "body": control.encode(m).hex()} for m in samples],
        "bad": ["", "00", "03", "037b7d", "0500", "0200", "0900", "047b22726561736f6e223a317d"],
        "auth": {
            "side": "A",
            "th": "11" * 32,
            "identity": asdict(AGENT),
            "key": "05" * 32,
            "body": control.encode_auth("A", b"\x11" * 32, AGENT, AGENT_KEY).hex(),
        },
    }


def main() -> None:
    files = {
        "handshake": [handshake(None), handshake(RESUME)],
        "link": conversation(),
        "padding": padding(),
        "input": {"good": inputs(), "bad": bad_inputs()},
        "screen": screens(),
        "control": controls(),
        **{name: tool.vectors() for name, tool in TOOLS.items()},
    }
    VECTORS.mkdir(exist_ok=True)
    for name, value in files.items():
        (VECTORS / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
