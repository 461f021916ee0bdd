"""The session bar: who sees this PC, since when, how safe, and the way out. It cannot be closed, covered or lost."""

from __future__ import annotations

import time
import tkinter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tkinter import filedialog, ttk

from agent.window import rules
from agent.window.drops import accept_files
from agent.window.texts import Texts
from agent.window.theme import ALARM, BRAND, GOOD, INK, MUTED, PAPER, Theme
from wizhelper.protocol import files, local
from wizhelper.protocol.control import SasPolicy

TICK_MS = 1000
BORDER = 3
HELP_WIDTH = 640
"""Pixels at which the lines of the help break."""


@dataclass
class BarState:
    """Everything the bar shows; it outlives the bar, which is made anew when the language changes."""

    session: local.Session
    sas: local.Sas
    status: str = ""
    activities: tuple[str, ...] = ()
    people: tuple[local.Person, ...] = ()
    ending: bool = False

    @classmethod
    def of(cls, session: local.Session, ending: bool = False) -> BarState:
        return cls(session, local.Sas(session.sas, session.sas_policy, session.verified), ending=ending)


class SessionBar(tkinter.Toplevel):
    """At the top of the screen, over everything. It may be dragged, but not beyond the screen's edge.

    The window manager has no say in it, so it gets no keyboard either: `ask_number` opens a window with a field.
    """

    def __init__(
        self,
        root: tkinter.Tk,
        theme: Theme,
        texts: Texts,
        state: BarState,
        send: Callable[[local.FromWindow], None],
        ask_number: Callable[[], None],
        open_chat: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(root, background=BRAND)
        self._theme = theme
        self._texts = texts
        self._state = state
        self._send = send
        self._ask_number = ask_number
        self._open_chat = open_chat
        self._clock = clock
        self._offset: int | None = None  # pixels from the middle, chosen by dragging
        self._grip = 0
        self._told_place: local.BarPlace | None = None
        self.overrideredirect(True)
        self.attributes("-topmost", True)
        self.protocol("WM_DELETE_WINDOW", lambda: None)  # Alt+F4 must not hide who is watching
        self._build()
        self.refresh()
        self._tick()

    def _build(self) -> None:
        self._body = tkinter.Frame(self, background=PAPER, padx=12, pady=6)
        self._body.pack(padx=BORDER, pady=(0, BORDER))
        first = tkinter.Frame(self._body, background=PAPER)
        first.pack(fill="x")
        self._dot = self._label(first, "●", ALARM)
        self._who = self._label(first, "", INK)
        self._who.configure(font=self._theme.strong)
        self._lock = self._label(first, "", MUTED)
        about = ttk.Button(first, text=self._texts.about_lock, style="Link.TButton", command=self._toggle_help)
        about.pack(side="left")
        ttk.Button(first, text=self._texts.chat, style="Link.TButton", command=self._open_chat).pack(side="left")
        self._files = ttk.Button(first, text=self._texts.send_files, style="Link.TButton", command=self._choose_files)
        self._files.pack(side="left")
        accept_files(self, self._offer)
        self._end = ttk.Button(first, text=self._texts.end, style="Danger.TButton", command=self._end_session)
        self._end.pack(side="left", padx=(14, 0))
        self._second = tkinter.Frame(self._body, background=PAPER)
        self._people = tkinter.Frame(self._body, background=PAPER)
        self._activities = tkinter.Label(self._body, background=PAPER, foreground=ALARM, font=self._theme.strong)
        self._status = tkinter.Label(self._body, background=PAPER, foreground=ALARM, font=self._theme.text)
        self._help = tkinter.Label(self._body, background=PAPER, foreground=MUTED, font=self._theme.small)
        self._help.configure(text=self._texts.lock_help, wraplength=HELP_WIDTH, justify="left")
        for grip in (self, self._body, first, self._dot, self._who, self._lock):
            grip.bind("<Button-1>", self._take)
            grip.bind("<B1-Motion>", self._drag)

    def _label(self, parent: tkinter.Misc, text: str, colour: str) -> tkinter.Label:
        made = tkinter.Label(parent, text=text, background=PAPER, foreground=colour, font=self._theme.text)
        made.pack(side="left", padx=(0, 8))
        return made

    def refresh(self) -> None:
        """After a change of the state."""
        verified = self._state.sas.verified
        lock = self._texts.locked_verified if verified else self._texts.locked
        self._lock.configure(text=lock, foreground=GOOD if verified else MUTED)
        self._show_number_row()
        self._show_people()
        names = self._state.activities
        self._show_line(self._activities, " · ".join(self._texts.activity(name) for name in names))
        self._show_line(self._status, self._state.status)
        self._end.state(["disabled" if self._state.ending else "!disabled"])
        self._show_time()
        self._place()

    @staticmethod
    def _show_line(line: tkinter.Label, text: str) -> None:
        line.configure(text=text)
        if text:
            line.pack(anchor="w", pady=(4, 0))
        else:
            line.pack_forget()

    def _show_number_row(self) -> None:
        for old in self._second.winfo_children():
            old.destroy()
        self._second.pack_forget()
        sas = self._state.sas
        if sas.verified or sas.sas_policy == SasPolicy.OFF:
            return
        if sas.sas_policy == SasPolicy.REQUIRED:
            self._label(self._second, self._texts.number_needed, INK)
        elif sas.sas:
            self._label(self._second, self._texts.compare_number.format(number=rules.grouped(sas.sas)), INK)
        else:
            return
        ask = ttk.Button(self._second, text=self._texts.enter_number, command=self._ask_number)
        ask.pack(side="left", padx=(4, 0))
        self._second.pack(fill="x", pady=(6, 0))

    def _show_people(self) -> None:
        """Those who look on, each with the way to send him away."""
        for old in self._people.winfo_children():
            old.destroy()
        self._people.pack_forget()
        lookers = [person for person in self._state.people if not person.controls]
        for person in lookers:
            self._label(self._people, self._texts.looks_on.format(name=rules.shown_name(person.name)), INK)
            button = ttk.Button(self._people, text=self._texts.dismiss, style="Link.TButton")
            button.configure(command=partial(self._send, local.Dismiss(person.key)))
            button.pack(side="left", padx=(0, 10))
        if lookers:
            self._people.pack(fill="x", pady=(4, 0))

    def _operator(self) -> str:
        """Who controls now; before anybody does, whose session it is."""
        return next((person.name for person in self._state.people if person.controls), self._state.session.operator)

    def _choose_files(self) -> None:
        """In the middle of the screen: the bar would cover a dialogue of its own."""
        chosen = filedialog.askopenfilenames(parent=self.master, title=self._texts.send_files, initialdir=Path.home())
        self._offer(tuple(chosen))

    def _offer(self, paths: tuple[str, ...]) -> None:
        """Chosen here, or dropped: the operator is asked whether to take them."""
        if len(paths) > files.MAX_OFFERED:
            self._show_line(self._status, self._texts.too_many_files.format(most=files.MAX_OFFERED))
            self._place()
        elif paths:
            self._send(local.OfferFiles(paths))

    def _toggle_help(self) -> None:
        if self._help.winfo_manager():
            self._help.pack_forget()
        else:
            self._help.pack(anchor="w", pady=(4, 0))
        self._place()

    def _end_session(self) -> None:
        self._state.ending = True
        self._end.state(["disabled"])
        self._send(local.EndSession())

    def _tick(self) -> None:
        self._show_time()
        self._place()
        self._timer = self.after(TICK_MS, self._tick)

    def destroy(self) -> None:
        self.after_cancel(self._timer)
        self._send(local.BarPlace(0, 0, 0, 0))
        super().destroy()

    def _show_time(self) -> None:
        session = self._state.session
        text = self._texts.bar.format(
            operator=rules.shown_name(self._operator()),
            company=rules.shown_name(session.company),
            since=rules.clock_time(session.since_epoch_s),
            elapsed=rules.elapsed(self._clock() - session.since_epoch_s),
        )
        self._who.configure(text=text)

    def _place(self) -> None:
        """Top of the screen and over all other windows; repeated every second, for screens change and windows rise."""
        self.update_idletasks()
        width, room = self.winfo_reqwidth(), self.winfo_screenwidth()
        wanted = (room - width) // 2 + (self._offset or 0)
        self.geometry(f"+{rules.clamped(wanted, width, room)}+0")
        self.lift()
        self.update_idletasks()
        self._tell_place(self.winfo_rootx(), self.winfo_reqwidth(), self.winfo_reqheight())

    def _tell_place(self, x: int, width: int, height: int) -> None:
        """What the operator draws must stay away from here."""
        place = local.BarPlace(x, 0, width, height)
        if place != self._told_place:
            self._told_place = place
            self._send(place)

    def _take(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self._grip = event.x_root - self.winfo_x()

    def _drag(self, event: tkinter.Event[tkinter.Misc]) -> None:
        width, room = self.winfo_width(), self.winfo_screenwidth()
        x = rules.clamped(event.x_root - self._grip, width, room)
        self._offset = x - (room - width) // 2
        self.geometry(f"+{x}+0")
        self._tell_place(x, width, self.winfo_height())
