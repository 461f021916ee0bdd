"""Why a document cannot be printed: what the child says and the console has words for."""

from __future__ import annotations

BROKEN, PROTECTED, BAD_PAGES, TOO_LONG, TOO_LARGE = "BROKEN", "PROTECTED", "BAD_PAGES", "TOO_LONG", "TOO_LARGE"


class DocumentError(Exception):
    """`code`: one of the above; `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
