"""Samples of each tool's channel, for the vectors, the fuzzer and the tests of both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wizhelper.protocol import clipboard


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
        return {"type": name, "fields": asdict(message), "body": self.encode(message).hex()}


TOOLS = {
    "clipboard": ToolSamples(
        clipboard.encode,
        clipboard.decode_console,
        clipboard.decode_agent,
        [clipboard.Switch(True), clipboard.Switch(False), clipboard.Text("안녕\n😀"), clipboard.Text("\ufeffx")],
        [clipboard.Text("a\tb"), clipboard.TooLong()],
        ["", "01", "0102", "010000", "02", "02ff", "0200", "024100", "03", "0441"],
        ["", "0101", "02", "02ff", "0200", "0300", "0441"],
    ),
}
