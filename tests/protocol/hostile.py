"""Changed bytes for decoders: whatever comes in, a decoder answers with a value or with RemoteProtocolError."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from wizhelper.protocol.errors import RemoteProtocolError


def mutated(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A good message with a piece of it replaced, repeated or taken out."""

    def change(sample: bytes, at: int, length: int, new: bytes) -> bytes:
        start = at % (len(sample) + 1)
        return sample[:start] + new + sample[start + length :]

    return st.builds(change, st.sampled_from(samples), st.integers(0, 400), st.integers(0, 20), st.binary(max_size=12))


def outcome(decode: Callable[[bytes], Any], data: bytes) -> Any:
    """The decoded value, or None if it was refused. Any other exception ends the test."""
    try:
        return decode(data)
    except RemoteProtocolError:
        return None
