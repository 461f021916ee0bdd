"""The tools' messages: both ways unchanged, and everything else refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.tool_vectors import TOOLS, ToolSamples
from wizhelper.protocol import clipboard
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError

EACH = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)


@EACH
def test_messages_come_back_as_they_were(tool: ToolSamples) -> None:
    assert [tool.decode_console(tool.encode(m)) for m in tool.console] == list(tool.console)
    assert [tool.decode_agent(tool.encode(m)) for m in tool.agent] == list(tool.agent)


@EACH
def test_what_is_no_message_is_refused(tool: ToolSamples) -> None:
    for decode, bodies in ((tool.decode_console, tool.bad_console), (tool.decode_agent, tool.bad_agent)):
        for body in bodies:
            with pytest.raises(RemoteProtocolError):
                decode(bytes.fromhex(body))


@pytest.mark.parametrize("text", ["", "a\0b", "\ud800", "가" * (clipboard.MAX_TEXT_BYTES // 3 + 1)])
def test_a_clipboard_text_that_does_not_fit_is_not_sent(text: str) -> None:
    message: Any = clipboard.Text(text)
    with pytest.raises(LocalProtocolError, match="BAD_CLIPBOARD"):
        clipboard.encode(message)


def test_the_longest_clipboard_text_fits() -> None:
    longest = clipboard.Text("x" * clipboard.MAX_TEXT_BYTES)
    assert clipboard.decode_console(clipboard.encode(longest)) == longest
    with pytest.raises(RemoteProtocolError):
        clipboard.decode_console(clipboard.encode(longest) + b"x")
