"""Samples of each tool's channel, for the vectors, the fuzzer and the tests of both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wizhelper.protocol import chat, clipboard, draw, execute, files, info, printing, reboot, seat, share, terminal


@dataclass(frozen=True)
class ToolSamples:
    """`console` and `agent`: what each side may send; the decoders are those of the other side."""

    encode: Callable[[Any], bytes]
    decode_console: Callable[[bytes], Any]
    decode_agent: Callable[[bytes], Any]
    console: Sequence[Any]
    agent: Sequence[Any]
    bad_console: Sequence[str]
    bad_agent: Sequence[str]

    def vectors(self) -> dict[str, Any]:
        return {
            "console": [self._sample(message) for message in self.console],
            "agent": [self._sample(message) for message in self.agent],
            "bad_console": list(self.bad_console),
            "bad_agent": list(self.bad_agent),
        }

    def _sample(self, message: Any) -> dict[str, Any]:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(message).__name__).lower()
        fields = {key: value.hex() if isinstance(value, bytes) else value for key, value in asdict(message).items()}
        return {"type": name, "fields": fields, "body": self.encode(message).hex()}


def _hex(kind: int, text: str) -> str:
    return (bytes([kind]) + text.encode()).hex()


DRAW_RESTS = (
    "0104000000",  # no place
    "0004000000" + "00010002",  # no shape
    "0804000000" + "00010002",
    "0100000000" + "00010002",  # width 0
    "0121000000" + "00010002",  # width 33
    "0204000000" + "00010002",  # a line of one place
    "0204000000" + "00010002" * 3,
    "0604000000" + "00010002",  # no text
    "0604000000" + "00010002" + "61e280ae62",  # turns the direction of writing
    "0604000000" + "00010002" + "6107",
    "0604000000" + "00010002" + "ff",
    "0604000000" + "00010002" + "610a" * 8 + "61",
    "0604000000" + "00010002" + "61" * 601,
    "0704000000" + "00010002" + "31323334",
    "0704000000" + "00010002" + "61",
)

def _begin(**changes: object) -> str:
    good = {"printer": "PDF", "name": "a.pdf", "kind": "pdf", "size": 1, "copies": 1, "pages": ""}
    return json.dumps({**good, **changes}, ensure_ascii=False)[1:-1]


BAD_PRINTS = (
    _begin(kind="exe"),
    _begin(size=0),
    _begin(size=printing.MAX_SIZE + 1),
    _begin(copies=0),
    _begin(copies=100),
    _begin(name="a\u202eb"),
    _begin(name=" "),
    _begin(printer=""),
    _begin(name="x" * 201),
    _begin(pages="0"),
    _begin(pages="3-1"),
    _begin(pages="1-"),
    _begin(pages=","),
    _begin(pages="1," * 60 + "1"),
)

BAD_URLS = (
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//host/x",
    "https://",
    "https://user@host",
    "https://a b",
    "https://ho\\\\st",
    "-x",
    "https://[",
)

SUM = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

TOOLS = {
    "share": ToolSamples(
        share.encode,
        share.decode_console,
        share.decode_agent,
        [share.Begin(), share.Stop()],
        [share.Shown(2**32 - 1), share.Closed("CUSTOMER"), share.Closed("BAD_PICTURE")],
        ["", "00", "0100", "02", "020000000101", "02000000010200", "0200000001" + "00" * (share.MAX_PART + 2), "1100000001"],
        ["", "11", "1100000001ff", "12", "124849", "01"],
    ),
    "printing": ToolSamples(
        printing.encode,
        printing.decode_console,
        printing.decode_agent,
        [
            printing.List(1),
            printing.Begin(2, "HP_LaserJet", "견적서.pdf", "pdf", 12345, 2, "1-3,5"),
            printing.Begin(3, "PDF", "그림.png", "image", 1, 1, ""),
            printing.Cancel(2),
        ],
        [
            printing.Printers(1, (printing.Printer("PDF", "가상 프린터", True, False),), ""),
            printing.Printers(4, (), "NO_PRINTING"),
            printing.Credit(2, 262144),
            printing.Job(2, "printing", 1, ""),
            printing.Job(3, "failed", 0, "BROKEN"),
        ],
        [
            "",
            "03",
            "0300000001",
            "0300000001" + "00" * (printing.MAX_DATA + 1),
            "05",
            _hex(1, '{"request":-1}'),
            _hex(4, "{}"),
            *(_hex(2, '{"request":1,' + rest + "}") for rest in BAD_PRINTS),
        ],
        [
            "",
            "11",
            _hex(0x12, '{"request":1,"bytes":-1}'),
            _hex(0x13, '{"request":1,"state":"lost","sheets":0,"code":""}'),
            _hex(0x13, '{"request":1,"state":"done","sheets":-1,"code":""}'),
            _hex(0x11, '{"request":1,"printers":[{"name":"a"}],"code":""}'),
            "01",
        ],
    ),
    "draw": ToolSamples(
        draw.encode,
        draw.decode_console,
        draw.decode_agent,
        [
            draw.Draw(1, draw.Shape.PEN, 4, 0xE53935, ((0, 0), (65535, 700), (3, 4))),
            draw.Draw(2, draw.Shape.ARROW, 32, 0xFFFFFF, ((10, 20), (30, 40))),
            draw.Draw(3, draw.Shape.TEXT, 6, 0, ((5, 6),), "여기를\n누르세요 <b>"),
            draw.Draw(2**32 - 1, draw.Shape.STEP, 1, 0x1E88E5, ((5, 6),), "12"),
            draw.More(1, ((1, 2), (3, 4))),
            draw.Undo(),
            draw.Clear(),
            draw.Fade(5),
            draw.Laser(1279, 799),
            draw.LaserOff(),
        ],
        [draw.State(7, 3), draw.Refused("NO_OVERLAY")],
        [
            "",
            "00",
            "0300",
            "05",
            "050000",
            "06000100",
            "02000000010001",
            "0200000001" + "00" * (4 * draw.MAX_POINTS + 4),
            *("01" + "00000001" + rest for rest in DRAW_RESTS),
        ],
        ["", "11", "1100000001", "12", "124120", "12ff", "12" + "41" * 33, "03"],
    ),
    "clipboard": ToolSamples(
        clipboard.encode,
        clipboard.decode_console,
        clipboard.decode_agent,
        [clipboard.Switch(True), clipboard.Switch(False), clipboard.Text("안녕\n😀"), clipboard.Text("\ufeffx")],
        [clipboard.Text("a\tb"), clipboard.TooLong()],
        ["", "01", "0102", "010000", "02", "02ff", "0200", "024100", "03", "0441"],
        ["", "0101", "02", "02ff", "0200", "0300", "0441"],
    ),
    "chat": ToolSamples(
        chat.encode,
        chat.decode_console,
        chat.decode_agent,
        [chat.Say("안녕하세요\n둘째 줄"), chat.Say("<b>😀</b>")],
        [chat.Said(1, False, 1_795_000_000_000, "네"), chat.Said(2**32 - 1, True, 0, "a")],
        ["", "01", "0120", "010a", "01efbbbf", "01ff", "0107", "0241", "0161c29b"],
        ["", "0161", "02" + "00" * 13, "020000000002" + "00" * 8 + "61", "0200000000" + "00" + "ff" * 8 + "61"],
    ),
    "info": ToolSamples(
        info.encode,
        info.decode_console,
        info.decode_agent,
        [info.Ask(1, "processes"), info.Ask(3, "events", "error"), info.Kill(2, 4711, 1795410375.25)],
        [
            info.Page("processes", 1, True, (info.Process(1, "init", "root", 0.5, 1024, 1.5, "/sbin/init"),)),
            info.Page("software", 2, False, (info.Program("한글", "2024", "한컴"),)),
            info.Page("system", 3, True, (info.Fact("computer", "host", "PC"),)),
            info.Page("services", 4, True, ()),
            info.Page("events", 6, True, (info.LogEvent(1795410375.25, "error", "kernel", "41", "꺼짐"),)),
            info.Result(5, "PROCESS_GONE"),
        ],
        [
            "",
            "01",
            "017b7d",
            "03",
            _hex(1, '{"request":1,"what":"secrets"}'),
            _hex(1, '{"request":1,"what":"events","level":"debug"}'),
            _hex(2, '{"request":1,"pid":"1","started":1}'),
        ],
        [
            "",
            "01",
            "117b7d",
            "167b7d",
            _hex(0x11, '{"request":1,"last":true,"rows":[{}]}'),
            _hex(0x1F, '{"request":1}'),
        ],
    ),
    "execute": ToolSamples(
        execute.encode,
        execute.decode_console,
        execute.decode_agent,
        [
            execute.Open(1, "https://example.com/a?b=c"),
            execute.Run(2, "powershell", "Get-Process | Sort CPU"),
            execute.Run(3, "none", "ipconfig /all"),
            execute.Stop(2),
        ],
        [execute.Output(2, False, "한글\n"), execute.Ended(2, 0, ""), execute.Ended(3, None, "NOT_FOUND")],
        [
            "",
            "01",
            *(_hex(1, '{"request":1,"url":"' + url + '"}') for url in BAD_URLS),
            _hex(2, '{"request":1,"shell":"zsh","command":"ls"}'),
            _hex(2, '{"request":1,"shell":"sh","command":" "}'),
            _hex(2, '{"request":1,"shell":"sh","command":"a\\nb"}'),
            _hex(3, "{}"),
        ],
        [
            "",
            "11",
            _hex(0x11, '{"request":1,"error":0,"text":""}'),
            _hex(0x12, '{"request":1,"exit":"0","code":""}'),
            "01",
        ],
    ),
    "files": ToolSamples(
        files.encode,
        files.decode_console,
        files.decode_agent,
        [
            files.List(1, "C:\\Users\\kim", "문서"),
            files.More(1),
            files.Leave(1),
            files.Make(2, "/home/kim", ("사진", "새 폴더")),
            files.Rename(3, "/home/kim", "a", "b"),
            files.Remove(4, "/home/kim", "a"),
            files.Put(5, "", ("사진", "한글.jpg"), 10_000_000_000, 1_795_000_000_123, "keep_both", "drop"),
            files.Get(6, "/home/kim", ("a",), 4096, 8192, 1_795_000_000_000, "panes"),
            files.Stop(6, True),
            files.Received(6, "", SUM),
            files.Received(6, "DISK_FULL", ""),
            files.Data(2**32 - 1, 2**52, b"\x00bytes"),
            files.Ack(5, 2**52, 65_535),
            files.Finish(5, SUM),
        ],
        [
            files.Places(1, "\\", (files.Place("home", "", "C:\\Users\\kim", None, None), files.Place("drive", "C:", "C:", 1, 2))),
            files.Entries(1, "/home/kim", "/home", True, (files.Entry("한글.hwp", "file", 10, 1_795_000_000_000, False),)),
            files.Result(2, "EXISTS"),
            files.Ready(5, 0, 0, 0),
            files.Ended(5, "", "/home/kim/a (2)", SUM),
            files.Ended(6, "CHANGED", "", ""),
            files.Offer("/home/kim", (files.Entry("한글.hwp", "file", 10, 1_795_000_000_000, False),), "window"),
            files.Data(1, 0, b"x"),
            files.Ack(1, 0, 0),
            files.Finish(6, SUM),
        ],
        [
            "",
            "01",
            "20" + "00" * 12,
            "21" + "00" * 13,
            "21" + "00" * 15,
            _hex(0x31, "{}"),
            _hex(0x10, '{"transfer":1,"folder":"/","names":[],"size":1,"modified_ms":0,"conflict":"ask","via":"drop"}'),
            _hex(0x10, '{"transfer":1,"folder":"/","names":["a"],"size":-1,"modified_ms":0,"conflict":"ask","via":"drop"}'),
            _hex(0x10, '{"transfer":1,"folder":"/","names":["a"],"size":1,"modified_ms":0,"conflict":"force","via":"drop"}'),
            _hex(0x11, '{"transfer":1,"folder":"/","names":["a"],"offset":-1,"size":1,"modified_ms":0,"via":"drop"}'),
            _hex(0x13, '{"transfer":1,"code":"","sha256":"x"}'),
            _hex(0x22, '{"transfer":1,"sha256":""}'),
        ],
        [
            "",
            "01",
            "20" + "00" * 12,
            "21" + "00" * 13,
            _hex(0x22, '{"transfer":1,"sha256":"' + "G" * 64 + '"}'),
            _hex(0x30, '{"request":1,"separator":"/","places":[{"kind":"root","name":"","path":"/","free":1,"size":1}]}'),
            _hex(
                0x31,
                '{"request":1,"folder":"/","parent":"","last":true,'
                '"entries":[{"name":"a","kind":"file","size":-1,"modified_ms":0,"hidden":false}]}',
            ),
            _hex(0x33, '{"transfer":1,"offset":2,"size":1,"modified_ms":0}'),
            _hex(0x34, '{"transfer":1,"code":"","path":"","sha256":"ab"}'),
            _hex(0x35, '{"folder":"/","entries":[],"via":"window"}'),
            _hex(
                0x35,
                '{"folder":"/","entries":[{"name":"a","kind":"file","size":-1,"modified_ms":0,"hidden":false}],"via":"window"}',
            ),
            _hex(
                0x35,
                '{"folder":"/","entries":[{"name":"a","kind":"file","size":1,"modified_ms":0,"hidden":false}],"via":"air"}',
            ),
        ],
    ),
    "terminal": ToolSamples(
        terminal.encode,
        terminal.decode_console,
        terminal.decode_agent,
        [
            terminal.Open(1, 80, 24),
            terminal.Input(1, "ls 한글\r"),
            terminal.Input(2**32 - 1, "\x03"),
            terminal.Resize(1, 1000, 1),
            terminal.Credit(1, 8192),
            terminal.Close(1),
        ],
        [
            terminal.Output(1, "\x1b[31m안녕\x00\ufeff\r\n"),
            terminal.Closed(1, 0, ""),
            terminal.Closed(2, None, "NOT_ALLOWED"),
        ],
        [
            "",
            "01000000",
            "0100000001",
            "010000000100500000",
            "0100000001000003e9",
            "01000000010050001800",
            "0200000001",
            "0200000001ff",
            "0200000001" + "61" * (terminal.MAX_INPUT_BYTES + 1),
            "0400000001000000",
            "050000000100",
            "110000000161",
        ],
        [
            "",
            "1100000001",
            "1100000001ff",
            "12000000017b7d",
            "0100000001",
            "1100000001" + "61" * (terminal.MAX_OUTPUT_BYTES + 1),
        ],
    ),
    "reboot": ToolSamples(
        reboot.encode,
        reboot.decode_console,
        reboot.decode_agent,
        [reboot.Ask(), reboot.Restart(1, False, "", ""), reboot.Restart(2, True, "CORP\\홍길동", "비밀 번호 '\"$")],
        [reboot.Able(True, False, True, "hong"), reboot.Answer(1, "going_down", ""), reboot.Answer(2, "refused", "BUSY")],
        [
            "",
            "01",
            _hex(1, '{"request":1}'),
            _hex(2, '{"request":1,"safe_mode":false,"account":"a"}'),
            *(
                _hex(2, '{"request":1,"safe_mode":false,"account":"' + bad + '","password":""}')
                for bad in ("-x", "a/b", "a\\nb", "a\\u0000", "x" * 257)
            ),
            _hex(2, '{"request":1,"safe_mode":false,"account":"a","password":"a\\u0000b"}'),
            _hex(2, '{"request":1,"safe_mode":0,"account":"","password":""}'),
            "11",
        ],
        [
            "",
            "01",
            _hex(0x11, '{"restart":1,"safe_mode":false,"auto_logon":false,"account":""}'),
            _hex(0x12, '{"request":1,"state":"done","code":""}'),
        ],
    ),
    "seat": ToolSamples(
        seat.encode,
        seat.decode_console,
        seat.decode_agent,
        [seat.Do(1, "lock"), seat.Do(2, "log_off")],
        [seat.Offer(("lock", "log_off")), seat.Offer(()), seat.Result(1, ""), seat.Result(2, "SEAT_REFUSED")],
        ["", "01", "017b7d", _hex(1, '{"request":1,"action":"shut_down"}'), _hex(0x11, '{"actions":[]}')],
        ["", "11", "117b7d", _hex(0x11, '{"actions":[1]}'), _hex(0x12, '{"request":1}'), _hex(1, "{}")],
    ),
}
