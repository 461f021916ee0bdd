"""A font for the operator's words: one that has Hangul where the system has one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_KNOWN = {
    "win32": (r"C:\Windows\Fonts\malgun.ttf", r"C:\Windows\Fonts\segoeui.ttf"),
    "darwin": ("/System/Library/Fonts/AppleSDGothicNeo.ttc", "/System/Library/Fonts/Helvetica.ttc"),
}
FC_TIMEOUT_S = 10.0


def font_file(bold: bool = True) -> str | None:
    """None: Pillow's own font has to do, which has no Hangul."""
    return next((file for file in _KNOWN.get(sys.platform, ()) if Path(file).is_file()), None) or _by_fontconfig(bold)


def _by_fontconfig(bold: bool) -> str | None:
    program = shutil.which("fc-match")
    if program is None:
        return None
    command = [program, "--format=%{file}", f"sans-serif{':bold' if bold else ''}:lang=ko"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=FC_TIMEOUT_S, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None  # the words are drawn all the same, with the font that is always there
    return found if Path(found).suffix.lower() in (".ttf", ".ttc", ".otf") else None


class Fonts:
    def __init__(self) -> None:
        self._file: str | None = None
        self._looked = False

    @lru_cache(maxsize=64)  # noqa: B019  (one object for the process)
    def of_size(self, pixels: int) -> Font:
        if not self._looked:
            self._looked = True
            self._file = font_file()
        return ImageFont.truetype(self._file, pixels) if self._file is not None else ImageFont.load_default(pixels)
