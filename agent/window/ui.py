"""The access program's window, run as a child process: `agent-exe --window`. The agent decides; this shows and asks.

Messages: wizhelper.protocol.local, on stdin and stdout. When stdin ends the agent is gone, and so is the window.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import tkinter
from collections.abc import Sequence
from tkinter import ttk
from typing import BinaryIO

from agent.window.bar import BarState, SessionBar
from agent.window.chat import ChatWindow
from agent.window.pages import (
    ApprovalPage,
    ConsentPage,
    Context,
    EndedPage,
    NumberPage,
    Page,
    PickPage,
    RestartPage,
    VerifyPage,
)
from agent.window.texts import TEXTS, Language, Texts, system_language
from agent.window.theme import BRAND, PAPER, Theme, become_dpi_aware
from wizhelper.protocol import local
from wizhelper.protocol.control import SasPolicy
from wizhelper.protocol.errors import RemoteProtocolError

POLL_MS = 40
LAST_GOODBYE_MS = 2000
"""How long the agent has to answer "closed" before the window goes by itself."""

READ_BYTES = 64 * 1024
EXIT_NO_DISPLAY = 3
WINDOW_SIZE = (520, 560)


class Pipe:
    """Messages of the agent, read by a thread so that Tk never waits; None stands for the end."""

    def __init__(self, source: int, target: BinaryIO) -> None:
        """`source` is a file descriptor: a buffered stream that a thread still reads would abort the program's exit."""
        self._source = source
        self._target = target
        self.received: queue.SimpleQueue[local.ToWindow | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="pipe", daemon=True).start()

    def _read(self) -> None:
        lines = local.LineBuffer()
        try:
            while data := os.read(self._source, READ_BYTES):
                for line in lines.add(data):
                    self.received.put(local.decode_to_window(line))
        except RemoteProtocolError as problem:
            print(f"the agent sent nonsense: {problem}", file=sys.stderr, flush=True)
        self.received.put(None)

    def send(self, message: local.FromWindow) -> None:
        try:
            self._target.write(local.encode(message) + b"\n")
            self._target.flush()
        except OSError:  # nobody reads any more
            self.received.put(None)


class Window:
    """One window with one page at a time; during a session it hides and the bar shows."""

    def __init__(self, root: tkinter.Tk, pipe: Pipe, language: Language) -> None:
        self._root = root
        self._pipe = pipe
        self._language = language
        self._theme = Theme(root)
        self._number = tkinter.StringVar(root)
        self._company = tkinter.StringVar(root)
        self._shown: local.ToWindow | None = None  # what made the present page
        self._operators: local.Operators | None = None
        self._reported = False
        self._page: Page | None = None
        self._bar: SessionBar | None = None
        self._bar_state: BarState | None = None
        self._typing_wished = False
        self._restart_asked: local.AskRestart | None = None
        self._chat: ChatWindow | None = None
        self._said: list[local.ChatLine] = []
        root.protocol("WM_DELETE_WINDOW", self._close)
        self._frame_up()
        root.withdraw()
        root.after(POLL_MS, self._poll)

    @property
    def _texts(self) -> Texts:
        return TEXTS[self._language]

    def _frame_up(self) -> None:
        """Header and footer; pages come in between."""
        self._root.title(self._texts.program)
        self._header = tkinter.Label(self._root, background=BRAND, foreground=PAPER, anchor="w", padx=24, pady=10)
        self._header.configure(font=self._theme.strong)
        self._header.pack(fill="x")
        footer = ttk.Frame(self._root, padding=(20, 0, 20, 10))
        footer.pack(side="bottom", fill="x")
        self._toggle = ttk.Button(footer, command=self._toggle_mode)
        self._switch = ttk.Button(footer, style="Link.TButton", command=self._switch_language)
        self._switch.pack(side="right")
        self._root.minsize(*WINDOW_SIZE)

    def _centre(self) -> None:
        """Said again whenever the window was hidden: X11 forgets the place of a window that is not there."""
        width, height = WINDOW_SIZE
        x = (self._root.winfo_screenwidth() - width) // 2
        y = max(0, (self._root.winfo_screenheight() - height) // 2)
        self._root.geometry(f"{width}x{height}+{x}+{y}")

    # What the agent says

    def _poll(self) -> None:
        while not self._pipe.received.empty():
            message = self._pipe.received.get()
            if message is None:
                self._root.destroy()
                return
            self._handle(message)
            if isinstance(message, local.Quit):
                return
        self._root.after(POLL_MS, self._poll)

    def _handle(self, message: local.ToWindow) -> None:
        match message:
            case local.Entry() | local.AskConsent() | local.AskApproval():
                self._show(message)
            case local.Ended():
                self._end(message)
            case local.Operators():
                self._operators = message
                if isinstance(self._page, PickPage):
                    self._page.show_operators(message)
            case local.Busy(text):
                if self._page is not None:
                    self._page.set_busy(text)
            case local.ShowError():
                self._show_error(message)
            case local.Session():
                self._start(message)
            case local.AskRestart():
                self._restart_asked = message
                self._follow_session(anew=True)
                self._root.bell()
            case local.RestartSettled():
                self._restart_asked = None
                self._follow_session(anew=True)
            case local.Sas() | local.Status() | local.Activities() | local.People():
                self._update_bar(message)
            case local.ChatLine():
                self._hear(message)
            case local.Quit():
                self._root.destroy()

    def _show(self, message: local.Entry | local.AskConsent | local.AskApproval | local.Ended) -> None:
        self._shown = message
        self._drop_bar()
        self._put(self._make_page(message))
        self._show_toggle(message)

    def _put(self, page: Page) -> None:
        """`page` instead of the present one, in front and with the keyboard."""
        if self._page is not None:
            self._page.destroy()
        self._page = page
        page.pack(fill="both", expand=True)
        self._header.configure(text=self._texts.program)
        self._root.title(self._texts.program)
        self._switch.configure(text=self._texts.other_language)
        self._raise()

    def _raise(self) -> None:
        if self._root.state() == "withdrawn":
            self._centre()
        self._root.deiconify()
        self._root.lift()
        self._root.focus_force()
        if self._page is not None:
            self._page.focus_field.focus_set()

    def _make_page(self, message: local.Entry | local.AskConsent | local.AskApproval | local.Ended) -> Page:
        context = self._context()
        match message:
            case local.AskConsent():
                return ConsentPage(self._root, context, message)
            case local.AskApproval():
                return ApprovalPage(self._root, context, message)
            case local.Ended():
                return EndedPage(self._root, context, message, self._reported, self._close)
        return self._make_entry(message, context)

    def _context(self) -> Context:
        return Context(self._texts, self._theme, self._pipe.send, self._number, self._company)

    def _make_entry(self, entry: local.Entry, context: Context) -> Page:
        page: NumberPage | PickPage
        if entry.mode == local.EntryMode.NUMBER:
            page = NumberPage(self._root, context)
        else:
            page = PickPage(self._root, context)
            if self._operators is not None:
                page.show_operators(self._operators)
        if entry.message:
            page.show_note(entry.message)
        return page

    def _show_error(self, problem: local.ShowError) -> None:
        text = f"{problem.text} {problem.next_step}".strip() + f" [{problem.code}]"
        if self._bar_state is not None:
            self._bar_state.status = text
            self._refresh_bar()
        if self._page is not None:
            self._page.show_error(text)

    # The session

    def _start(self, session: local.Session) -> None:
        before = self._bar_state
        self._bar_state = BarState.of(session, ending=before is not None and before.ending)
        self._shown = session
        self._make_bar()
        self._follow_session()
        if before is None:
            self._root.bell()

    def _make_bar(self) -> None:
        if self._bar is not None:
            self._bar.destroy()
        if self._bar_state is not None:
            send = self._pipe.send
            state, open_chat = self._bar_state, self._open_chat
            self._bar = SessionBar(self._root, self._theme, self._texts, state, send, self._ask_number, open_chat)

    def _follow_session(self, anew: bool = False) -> None:
        """During a session the window is there only to have the confirmation number typed."""
        state = self._bar_state
        if self._restart_asked is not None and state is not None:
            if anew:
                self._put(RestartPage(self._root, self._context(), self._restart_asked))
            return
        if state is None or state.sas.verified or state.sas.sas_policy == SasPolicy.OFF:
            self._typing_wished = False
        needed = state is not None and state.sas.sas_policy == SasPolicy.REQUIRED and not state.sas.verified
        needed = needed or self._typing_wished
        self._toggle.pack_forget()
        if not needed:
            self._root.withdraw()
            if self._page is not None:
                self._page.destroy()
                self._page = None
        elif anew or not isinstance(self._page, VerifyPage):
            self._put(VerifyPage(self._root, self._context()))
        else:
            self._page.set_idle()

    def _ask_number(self) -> None:
        """The person wants to type the number: always possible, also where the company only shows it."""
        self._typing_wished = True
        self._follow_session()
        self._raise()

    def _update_bar(self, message: local.Sas | local.Status | local.Activities | local.People) -> None:
        if self._bar_state is None:
            return
        if isinstance(message, local.Sas):
            self._bar_state.sas = message
            self._bar_state.status = ""
            self._follow_session()
        elif isinstance(message, local.Activities):
            self._bar_state.activities = message.names
        elif isinstance(message, local.People):
            if len(message.items) > len(self._bar_state.people) > 0:
                self._root.bell()
            self._bar_state.people = message.items
        else:
            self._bar_state.status = message.text
        self._refresh_bar()

    def _refresh_bar(self) -> None:
        if self._bar is not None:
            self._bar.refresh()

    def _drop_bar(self) -> None:
        if self._bar is not None:
            self._bar.destroy()
        self._bar = self._bar_state = self._restart_asked = None
        self._drop_chat()
        self._said.clear()

    # Chat

    def _chat_window(self) -> ChatWindow | None:
        """Only during a session."""
        if self._chat is None and self._bar_state is not None:
            operator = self._bar_state.session.operator
            self._chat = ChatWindow(self._root, self._theme, self._texts, operator, self._said, self._pipe.send)
        return self._chat

    def _open_chat(self) -> None:
        if (window := self._chat_window()) is not None:
            window.show(focus=True)

    def _hear(self, line: local.ChatLine) -> None:
        known = self._chat
        self._said.append(line)
        window = self._chat_window()
        if window is None:
            return
        if known is not None:
            window.add(line)
        if not line.customer:
            window.show(focus=False)
            self._root.bell()

    def _drop_chat(self) -> None:
        if self._chat is not None:
            self._chat.destroy()
        self._chat = None

    def _end(self, ended: local.Ended) -> None:
        self._reported = False
        if self._bar_state is not None:
            self._root.bell()
        self._show(ended)

    # What the person does

    def _show_toggle(self, message: local.ToWindow) -> None:
        """CUSTP-TOGGLE: bottom left, on the entry page only."""
        if isinstance(message, local.Entry) and message.allow_toggle:
            to_pick = message.mode == local.EntryMode.NUMBER
            self._toggle.configure(text=self._texts.to_pick if to_pick else self._texts.to_number)
            self._toggle.pack(side="left")
        else:
            self._toggle.pack_forget()

    def _toggle_mode(self) -> None:
        if isinstance(self._shown, local.Entry) and not (self._page is not None and self._page.busy):
            to_pick = self._shown.mode == local.EntryMode.NUMBER
            self._show(local.Entry(local.EntryMode.PICK if to_pick else local.EntryMode.NUMBER, allow_toggle=True))

    def _switch_language(self) -> None:
        self._language = self._language.other
        self._pipe.send(local.ChooseLanguage(self._language))
        if isinstance(self._page, EndedPage):
            self._reported = self._page.reported
        busy = self._page is not None and self._page.busy
        if isinstance(self._shown, local.Entry | local.AskConsent | local.AskApproval | local.Ended):
            self._show(self._shown)
        elif self._bar_state is not None:
            self._drop_chat()
            self._make_bar()
            self._follow_session(anew=True)
        if busy and self._page is not None:
            self._page.set_busy("")

    def _close(self) -> None:
        """During a session it only hides: the bar stays and brings it back."""
        if self._bar_state is not None:
            self._typing_wished = False
            self._root.withdraw()
            if self._restart_asked is not None:
                self._pipe.send(local.RestartAnswer(False))
            return
        self._pipe.send(local.Closed())
        self._root.withdraw()
        self._root.after(LAST_GOODBYE_MS, self._root.destroy)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until the agent or the person ends it; EXIT_NO_DISPLAY if there is no screen to show anything on."""
    options = argparse.ArgumentParser(prog="--window")
    options.add_argument("--lang", choices=[str(language) for language in Language])
    given = options.parse_args(arguments)
    become_dpi_aware()
    try:
        root = tkinter.Tk(className="WizHelper")
    except tkinter.TclError as problem:
        print(f"no window: {problem}", file=sys.stderr)
        return EXIT_NO_DISPLAY
    language = Language(given.lang) if given.lang else system_language()
    Window(root, Pipe(sys.stdin.fileno(), sys.stdout.buffer), language)
    root.mainloop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
