"""The window that shows the operator's screen, run as a child process: `agent-exe --share NAME`. It shows, and takes nothing.

Its pipe: share_wire.py. It leaves at the end of its input.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import tkinter
from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageTk

from agent.window.rules import shown_name
from agent.window.share_wire import BAD_PICTURE, CUSTOMER, NO_WINDOW, PICTURE
from agent.window.texts import TEXTS, system_language
from agent.window.theme import BRAND, PAPER, Theme, become_dpi_aware
from wizhelper.protocol.share import MAX_FRAME, MAX_UNSEEN

POLL_MS = 15
MAX_SIDE = 4096
SHARE_OF_SCREEN = 0.6
GROUND = "#10151d"

Inbox = queue.Queue[tuple[int, bytes] | None]


class PictureError(Exception):
    """Not a picture that is shown here."""


def read(source: int, inbox: Inbox) -> None:
    """`source`: a file descriptor. Until the end of the input or what is no picture; None stands for both."""
    while len(head := _exactly(source, PICTURE.size)) == PICTURE.size:
        number, length = PICTURE.unpack(head)
        if length > MAX_FRAME or len(data := _exactly(source, length)) != length:
            break
        inbox.put((number, data))
    inbox.put(None)


def _exactly(source: int, length: int) -> bytes:
    """Fewer bytes at the end of the input."""
    found = bytearray()
    while len(found) < length and (data := os.read(source, length - len(found))):
        found += data
    return bytes(found)


def opened(data: bytes, room: tuple[int, int]) -> Image.Image:
    """A JPEG, made smaller to fit into `room`, never larger. Raises PictureError."""
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as found:
            if max(found.size) > MAX_SIDE:
                raise PictureError(f"{found.size}")
            image = found.convert("RGB")
    except (OSError, ValueError, SyntaxError) as problem:
        raise PictureError(str(problem)) from problem
    scale = min(room[0] / image.width, room[1] / image.height, 1.0)
    if scale == 1.0:
        return image
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BILINEAR)


class ScreenWindow:
    def __init__(self, root: tkinter.Tk, name: str, inbox: Inbox) -> None:
        self._root = root
        self._inbox = inbox
        self._picture: ImageTk.PhotoImage | None = None
        texts, theme = TEXTS[system_language()], Theme(root)
        root.title(texts.share_title.format(operator=name))
        root.protocol("WM_DELETE_WINDOW", self._close)
        head = tkinter.Label(root, background=BRAND, foreground=PAPER, anchor="w", padx=14, pady=8, font=theme.strong)
        head.configure(text=texts.share_help.format(operator=name))
        head.pack(fill="x")
        self._place = tkinter.Label(root, background=GROUND, borderwidth=0)
        self._place.pack(fill="both", expand=True)
        self._size()
        root.after(POLL_MS, self._poll)

    def _size(self) -> None:
        room = self._root.winfo_screenwidth(), self._root.winfo_screenheight()
        width, height = (round(side * SHARE_OF_SCREEN) for side in room)
        self._root.geometry(f"{width}x{height}+{(room[0] - width) // 2}+{(room[1] - height) // 2}")

    def _poll(self) -> None:
        newest: list[tuple[int, bytes]] = []
        while not self._inbox.empty():
            found = self._inbox.get()
            if found is None:
                self._root.destroy()
                return
            newest.append(found)
        if newest and not self._show(newest):
            return
        self._root.after(POLL_MS, self._poll)

    def _show(self, pictures: list[tuple[int, bytes]]) -> bool:
        """The last of them; the others count as seen. False: it was none, and that is the end."""
        room = max(self._place.winfo_width(), 1), max(self._place.winfo_height(), 1)
        try:
            self._picture = ImageTk.PhotoImage(opened(pictures[-1][1], room), master=self._root)
        except PictureError as problem:
            print(f"not a picture: {problem}", file=sys.stderr, flush=True)
            say(f"closed {BAD_PICTURE}")
            self._root.destroy()
            return False
        self._place.configure(image=self._picture)
        self._root.update_idletasks()
        for number, _ in pictures:
            say(f"shown {number}")
        return True

    def _close(self) -> None:
        say(f"closed {CUSTOMER}")
        self._root.destroy()


def say(line: str) -> None:
    """Straight to the pipe: a stream would be flushed once more at the exit, when the agent may be gone."""
    try:
        os.write(sys.stdout.fileno(), line.encode("ascii") + b"\n")
    except BrokenPipeError:
        print("the agent is gone", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    (name,) = sys.argv[1:] if arguments is None else arguments
    become_dpi_aware()
    try:
        root = tkinter.Tk(className="WizHelper")
    except tkinter.TclError as problem:
        print(f"no window: {problem}", file=sys.stderr)
        say(f"closed {NO_WINDOW}")
        return 1
    inbox: Inbox = queue.Queue(MAX_UNSEEN + 1)
    threading.Thread(target=read, args=(sys.stdin.fileno(), inbox), name="pictures", daemon=True).start()
    ScreenWindow(root, shown_name(name), inbox)
    root.mainloop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
