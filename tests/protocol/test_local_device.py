"""What tray and device service say to each other, and what each refuses of the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wizhelper.protocol import local_device as wire
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

LIVE = wire.LiveSession("s", "김상담", 1.5)
STATE = wire.State("online", True, "https://a", "한빛전산", "d", "POS", "9f86 d081", "0.1.0", False, (LIVE,))
FROM_TRAY = [
    wire.Hello("", "ko"),
    wire.AskGroups("a.example", "acme", ""),
    wire.Register("a.example", "acme", "매장", "본사/1층", "", None),
    wire.Rename("매장 2"),
    wire.Unregister(),
    wire.EndSession("s"),
    wire.AskHistory(),
]
TO_TRAY = [
    STATE,
    wire.Groups("한빛전산", ("본사", "본사/1층")),
    wire.History((wire.PastSession("김상담", 1.0, None, ""),)),
    wire.Result("rename", "NOT_LINKED", "a", "b"),
]


@pytest.mark.parametrize("message", FROM_TRAY)
def test_every_message_of_a_tray_comes_back_as_it_was(message: Any) -> None:
    assert wire.decode_from_tray(wire.encode(message)) == message


@pytest.mark.parametrize("message", TO_TRAY)
def test_every_message_of_the_service_comes_back_as_it_was(message: Any) -> None:
    assert wire.decode_to_tray(wire.encode(message)) == message


@pytest.mark.parametrize(
    ("field", "limit"), [("server", 255), ("company", 64), ("name", 64), ("group", 600), ("token", 100), ("ca", 16384)]
)
def test_a_field_of_a_tray_has_its_limit(field: str, limit: int) -> None:
    plain = {"type": "register", "server": "a", "company": "c", "name": "n", "group": "", "token": "", "ca": None}
    wire.decode_from_tray(json.dumps({**plain, field: "x" * limit}).encode())
    with pytest.raises(RemoteProtocolError, match=f"{field} is too long"):
        wire.decode_from_tray(json.dumps({**plain, field: "x" * (limit + 1)}).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b'{"type":7}',
        b'{"type":"state"}',
        b'{"type":"rename"}',
        b'{"type":"rename","name":"a","more":1}',
        b'{"type":"hello","token":"","lang":"xx"}',
        b'{"type":"rename","name":"\\ud800"}',
        b'{"type":"end","session":"' + b"x" * 65 + b'"}',
        b" " * (wire.MAX_FROM_TRAY_BYTES + 1),
    ],
)
def test_nonsense_of_a_tray_is_refused(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        wire.decode_from_tray(line)


@pytest.mark.parametrize("change", [{"condition": "fine"}, {"sessions": [{}]}, {"owner": 1}])
def test_a_state_that_is_none_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError):
        wire.decode_to_tray(json.dumps({**json.loads(wire.encode(STATE)), **change}).encode())


def test_nothing_longer_than_a_line_is_sent() -> None:
    with pytest.raises(LocalProtocolError):
        wire.encode(wire.Groups("", ("x" * 600,) * 200))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  매장 ", "매장"),
        ("e\u0301", "é"),
        ("x" * 64, "x" * 64),
        *((bad, None) for bad in ("x" * 65, "", " ", "a\u202eb", "a\nb")),
    ],
)
def test_a_name_is_kept_as_the_appliance_would(typed: str, kept: str | None) -> None:
    assert wire.clean_name(typed) == kept
