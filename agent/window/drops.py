"""Files that are dropped on a window, by tkdnd, which Tk loads as an extension. Where it cannot, a button has to do (FT-DROPOUT)."""

from __future__ import annotations

import logging
import tkinter
from collections.abc import Callable

log = logging.getLogger(__name__)


def accept_files(widget: tkinter.Misc, dropped: Callable[[tuple[str, ...]], None]) -> bool:
    """`dropped`: absolute paths, on Tk's thread. False: this system has no way to drop files here."""
    try:
        from tkinterdnd2 import TkinterDnD

        TkinterDnD._require(widget.winfo_toplevel())
    except (ImportError, RuntimeError, tkinter.TclError) as problem:
        log.warning("Files cannot be dropped on the bar: %s", problem)
        return False

    def take(data: str) -> str:
        dropped(tuple(str(path) for path in widget.tk.splitlist(data)))
        return "copy"

    name = str(widget)
    widget.tk.call("tkdnd::drop_target", "register", name, "DND_Files")
    widget.tk.call("bind", name, "<<Drop:DND_Files>>", f"{widget.register(take)} %D")
    return True
