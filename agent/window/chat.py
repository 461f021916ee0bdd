"""The customer's chat window: what was said, and a line to answer. It opens by itself when the operator writes."""

from __future__ import annotations

import time
import tkinter
from collections.abc import Callable, Sequence
from tkinter import ttk

from agent.window import rules
from agent.window.texts import Texts
from agent.window.theme import BRAND, INK, MUTED, PAPER, Theme
from wizhelper.protocol import chat, local

SIZE = (380, 420)
EDGE = 24
"""Pixels between the window and the screen's lower right corner."""


class ChatWindow(tkinter.Toplevel):
    """Closing hides it; `show` brings it back. `lines` is what was said so far."""

    def __init__(
        self,
        root: tkinter.Tk,
        theme: Theme,
        texts: Texts,
        operator: str,
        lines: Sequence[local.ChatLine],
        send: Callable[[local.FromWindow], None],
    ) -> None:
        super().__init__(root, background=PAPER)
        self._texts = texts
        self._operator = rules.shown_name(operator)
        self._send = send
        self.title(texts.chat_title.format(operator=self._operator))
        self.protocol("WM_DELETE_WINDOW", self.withdraw)
        self.attributes("-topmost", True)
        self._build(theme)
        for line in lines:
            self.add(line)
        self._place()

    def _build(self, theme: Theme) -> None:
        below = tkinter.Frame(self, background=PAPER, padx=10, pady=10)
        below.pack(side="bottom", fill="x")
        self._field = ttk.Entry(below)
        self._field.pack(side="left", fill="x", expand=True, ipady=5)
        self._field.bind("<Return>", lambda _event: self._say())
        self._field.bind("<KP_Enter>", lambda _event: self._say())
        ttk.Button(below, text=self._texts.chat_send, command=self._say).pack(side="left", padx=(8, 0))
        bar = ttk.Scrollbar(self)
        bar.pack(side="right", fill="y")
        self._said = tkinter.Text(self, wrap="word", font=theme.text, foreground=INK, background=PAPER, borderwidth=0)
        self._said.configure(state="disabled", padx=10, pady=10, yscrollcommand=bar.set, takefocus=False)
        self._said.tag_configure("operator", foreground=BRAND, font=theme.strong)
        self._said.tag_configure("customer", foreground=INK, font=theme.strong)
        self._said.tag_configure("time", foreground=MUTED, font=theme.small)
        bar.configure(command=self._said.yview)  # type: ignore[no-untyped-call]
        self._said.pack(fill="both", expand=True)

    def _place(self) -> None:
        width, height = SIZE
        x, y = self.winfo_screenwidth() - width - EDGE, self.winfo_screenheight() - height - 3 * EDGE
        self.geometry(f"{width}x{height}+{max(x, 0)}+{max(y, 0)}")

    def add(self, line: local.ChatLine) -> None:
        """Shown as text, whatever it contains."""
        self._said.configure(state="normal")
        who = self._texts.chat_me if line.customer else self._operator
        clock = time.strftime("%H:%M", time.localtime(line.at_ms / 1000))
        self._said.insert("end", who, "customer" if line.customer else "operator")
        self._said.insert("end", f"  {clock}\n", "time")
        self._said.insert("end", rules.shown_body(line.text) + "\n\n")
        self._said.configure(state="disabled")
        self._said.see("end")

    def show(self, focus: bool) -> None:
        """`focus`: the person asked for it; else the keyboard stays where it is."""
        self.deiconify()
        self.lift()
        if focus:
            self._field.focus_force()

    def _say(self) -> None:
        text = self._field.get().strip()
        if not text:
            return
        if not chat.fits(text):
            self.bell()
            return
        self._send(local.Say(text))
        self._field.delete(0, "end")
