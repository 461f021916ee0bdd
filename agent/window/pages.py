"""The pages before and after a session: number, operators, consent, approval, the end."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from agent.window import rules
from agent.window.texts import Texts
from agent.window.theme import LINE, PAPER, WARNING_INK, WARNING_PAPER, Theme
from wizhelper.protocol import local

TEXT_WIDTH = 460
"""Pixels at which lines break."""


@dataclass(frozen=True)
class Context:
    """What every page gets. `number` and `company` outlive the page: nothing typed is lost by an error or a toggle."""

    texts: Texts
    theme: Theme
    send: Callable[[local.FromWindow], None]
    number: tkinter.StringVar
    company: tkinter.StringVar


class Page(ttk.Frame):
    """One page. While it waits for an answer its buttons do not react; `show_error` and `set_idle` wake it up."""

    def __init__(self, parent: tkinter.Misc, context: Context) -> None:
        super().__init__(parent, padding=(24, 18, 24, 8))
        self.context = context
        self.texts = context.texts
        self._buttons: list[ttk.Button | ttk.Checkbutton] = []
        self._message = ttk.Label(self, wraplength=TEXT_WIDTH)
        self._progress = ttk.Progressbar(self, mode="indeterminate")
        self.focus_field: tkinter.Widget = self
        self.busy = False

    def show_error(self, text: str) -> None:
        self.set_idle()
        self._message.configure(text=text, style="Error.TLabel")
        self.focus_field.focus_set()

    def show_note(self, text: str) -> None:
        self._message.configure(text=text, style="Muted.TLabel")

    def set_busy(self, text: str) -> None:
        self.busy = True
        self.show_note(text)
        for button in self._buttons:
            button.state(["disabled"])
        self._progress.pack(fill="x", pady=(6, 0), after=self._message)
        self._progress.start(15)

    def set_idle(self) -> None:
        self.busy = False
        self._progress.stop()
        self._progress.pack_forget()
        for button in self._buttons:
            button.state(["!disabled"])

    def submit(self, message: local.FromWindow) -> None:
        """Sends, and takes no second press before the agent has answered."""
        self.set_busy("")
        self.context.send(message)

    def heading(self, text: str) -> None:
        ttk.Label(self, text=text, style="Title.TLabel", wraplength=TEXT_WIDTH).pack(anchor="w")

    def paragraph(self, text: str, style: str = "Muted.TLabel") -> None:
        ttk.Label(self, text=text, style=style, wraplength=TEXT_WIDTH).pack(anchor="w", pady=(6, 0))

    def place_message(self) -> None:
        self._message.pack(fill="x", pady=(10, 0))

    def warning(self) -> None:
        tkinter.Label(
            self,
            text=self.texts.warning,
            background=WARNING_PAPER,
            foreground=WARNING_INK,
            justify="left",
            anchor="w",
            padx=12,
            pady=8,
            wraplength=TEXT_WIDTH - 24,
        ).pack(fill="x", side="bottom", pady=(12, 4))

    def button(
        self, parent: tkinter.Misc, text: str, command: Callable[[], None], style: str = "TButton"
    ) -> ttk.Button:
        made = ttk.Button(parent, text=text, command=command, style=style)
        made.bind("<Return>", lambda _event: made.invoke())
        self._buttons.append(made)
        return made


class NumberPage(Page):
    """CUSTP-NUM: the number that the operator told."""

    def __init__(self, parent: tkinter.Misc, context: Context) -> None:
        super().__init__(parent, context)
        self.warning()
        self.heading(self.texts.number_title)
        self.paragraph(self.texts.number_help)
        row = ttk.Frame(self)
        row.pack(fill="x", pady=(18, 0))
        field = ttk.Entry(
            row,
            textvariable=context.number,
            font=context.theme.number,
            justify="center",
            width=14,
            style="Field.TEntry",
        )
        field.pack(side="left", fill="both", expand=True)
        connect = self.button(row, self.texts.connect, self._submit, "Primary.TButton")
        connect.pack(side="left", fill="y", padx=(8, 0))
        field.bind("<Return>", lambda _event: connect.invoke())
        self.place_message()
        self.focus_field = field
        field.icursor("end")

    def _submit(self) -> None:
        number = rules.connection_number(self.context.number.get())
        if number is None:
            self.show_error(self.texts.number_wrong)
        else:
            self.submit(local.SubmitNumber(number))


class VerifyPage(Page):
    """The number that the operator reads out, typed here: nobody sits in between if it is right."""

    def __init__(self, parent: tkinter.Misc, context: Context) -> None:
        super().__init__(parent, context)
        self.warning()
        self.heading(self.texts.verify_title)
        self.paragraph(self.texts.type_number)
        row = ttk.Frame(self)
        row.pack(fill="x", pady=(18, 0))
        field = ttk.Entry(row, font=context.theme.number, justify="center", width=10, style="Field.TEntry")
        field.pack(side="left", fill="both", expand=True)
        confirm = self.button(row, self.texts.verify, lambda: self._submit(field.get()), "Primary.TButton")
        confirm.pack(side="left", fill="y", padx=(8, 0))
        field.bind("<Return>", lambda _event: confirm.invoke())
        self.place_message()
        self.focus_field = field
        field.icursor("end")

    def _submit(self, typed: str) -> None:
        number = rules.confirmation_number(typed)
        if number is None:
            self.show_error(self.texts.verify_wrong)
        else:
            self.submit(local.Verify(number))


class PickPage(Page):
    """CUSTP-PICK: company code, then one of the operators who wait."""

    def __init__(self, parent: tkinter.Misc, context: Context) -> None:
        super().__init__(parent, context)
        self.warning()
        self.heading(self.texts.pick_title)
        self.paragraph(self.texts.pick_help)
        row = ttk.Frame(self)
        row.pack(fill="x", pady=(14, 0))
        ttk.Label(row, text=self.texts.company_label).pack(side="left", padx=(0, 8))
        field = ttk.Entry(row, textvariable=context.company, style="Field.TEntry")
        field.pack(side="left", fill="both", expand=True)
        self._search: ttk.Button = self.button(row, self.texts.search, self._submit, "Primary.TButton")
        self._search.pack(side="left", padx=(8, 0))
        field.bind("<Return>", lambda _event: self._search.invoke())
        self.place_message()
        self._list = ScrolledFrame(self)
        self._list.pack(fill="both", expand=True, pady=(10, 0))
        self.focus_field = field
        field.icursor("end")

    def _submit(self) -> None:
        code = self.context.company.get().strip()
        if code:
            self.submit(local.SubmitCompany(code))
        else:
            self.show_error(self.texts.company_missing)

    def show_operators(self, operators: local.Operators) -> None:
        self.set_idle()
        self.show_note(self.texts.choose_operator if operators.items else self.texts.nobody_waits)
        self._buttons = [self._search]
        for old in self._list.inside.winfo_children():
            old.destroy()
        for item in operators.items:
            self._add(item)

    def _add(self, item: local.OperatorItem) -> None:
        made = self.button(
            self._list.inside,
            rules.shown_name(item.display_name),
            lambda: self.submit(local.Pick(item.id)),
            "Person.TButton",
        )
        made.configure(image=self.context.theme.person, compound="left")
        made.pack(fill="x", pady=2)


class ScrolledFrame(ttk.Frame):
    """Widgets put into `inside` scroll when there are too many of them."""

    def __init__(self, parent: tkinter.Misc) -> None:
        super().__init__(parent)
        self._canvas = tkinter.Canvas(self, background=PAPER, highlightthickness=0, height=60)
        bar = ttk.Scrollbar(self, orient="vertical", command=self._canvas.yview)
        self._canvas.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self._canvas.pack(side="left", fill="both", expand=True)
        self.inside = ttk.Frame(self._canvas)
        inside = self._canvas.create_window(0, 0, window=self.inside, anchor="nw")
        self._canvas.bind("<Configure>", lambda event: self._canvas.itemconfigure(inside, width=event.width - 4))
        self.inside.bind("<Configure>", self._resize)

    def _resize(self, _event: object) -> None:
        self._canvas.configure(scrollregion=(0, 0, 0, self.inside.winfo_reqheight()))


class ConsentPage(Page):
    """CUST-CONSENT: nothing is ticked beforehand; agreeing needs the tick and the button."""

    def __init__(self, parent: tkinter.Misc, context: Context, asked: local.AskConsent) -> None:
        super().__init__(parent, context)
        company, operator = rules.shown_name(asked.company), rules.shown_name(asked.operator)
        row = ttk.Frame(self)
        row.pack(side="bottom", fill="x", pady=(4, 0))
        self._agree = self.button(row, self.texts.agree, lambda: self._answer(True), "Primary.TButton")
        self._agree.pack(side="right")
        self.button(row, self.texts.refuse, lambda: self._answer(False)).pack(side="right", padx=(0, 8))
        self._ticked = tkinter.BooleanVar(self, False)
        tick = ttk.Checkbutton(self, text=self.texts.consent_check, variable=self._ticked, command=self._follow_tick)
        tick.pack(side="bottom", anchor="w", pady=(6, 0))
        self._buttons.append(tick)
        self.warning()
        self.heading(rules.shown_name(asked.title))
        self.paragraph(self.texts.consent_who.format(company=company, operator=operator), "TLabel")
        self.paragraph(self.texts.consent_version.format(version=asked.version), "Small.TLabel")
        self._message.pack(fill="x")
        read_only_text(self, asked.body, context.theme).pack(fill="both", expand=True, pady=(6, 0))
        self.focus_field = tick
        # Tab goes by stacking order: from the tick straight to the buttons.
        tick.lift()
        row.lift()
        self._follow_tick()

    def set_idle(self) -> None:
        super().set_idle()
        self._follow_tick()

    def _follow_tick(self) -> None:
        self._agree.state(["!disabled" if self._ticked.get() else "disabled"])

    def _answer(self, accepted: bool) -> None:
        self.submit(local.ConsentAnswer(accepted))


def read_only_text(parent: tkinter.Misc, body: str, theme: Theme) -> ttk.Frame:
    """A scrolled text that can be read and copied, not changed."""
    frame = ttk.Frame(parent)
    text = tkinter.Text(frame, wrap="word", height=9, width=40, relief="flat", padx=10, pady=8, highlightthickness=1)
    text.configure(highlightbackground=LINE, background="#fafbfc", spacing2=3, font=theme.text)
    bar = ttk.Scrollbar(frame, orient="vertical", command=text.yview)
    text.configure(yscrollcommand=bar.set)
    text.insert("1.0", rules.shown_body(body))
    text.configure(state="disabled")
    bar.pack(side="right", fill="y")
    text.pack(side="left", fill="both", expand=True)
    return frame


class ApprovalPage(Page):
    """The operator asks to begin; nothing is shown to them before."""

    def __init__(self, parent: tkinter.Misc, context: Context, asked: local.AskApproval) -> None:
        super().__init__(parent, context)
        self.warning()
        self.heading(self.texts.approve_title)
        self.paragraph(self.texts.approve_body.format(operator=rules.shown_name(asked.operator)), "TLabel")
        self.place_message()
        row = ttk.Frame(self)
        row.pack(fill="x", pady=(16, 0))
        self.button(row, self.texts.allow, lambda: self._answer(True), "Primary.TButton").pack(side="left")
        deny = self.button(row, self.texts.deny, lambda: self._answer(False))
        deny.pack(side="left", padx=(8, 0))
        self.focus_field = deny

    def _answer(self, accepted: bool) -> None:
        self.submit(local.ApproveAnswer(accepted))


class RestartPage(Page):
    """The operator wants to restart this PC; what is not saved would be lost."""

    def __init__(self, parent: tkinter.Misc, context: Context, asked: local.AskRestart) -> None:
        super().__init__(parent, context)
        self.heading(self.texts.restart_title)
        self.paragraph(self.texts.restart_body.format(operator=rules.shown_name(asked.operator)), "TLabel")
        self.paragraph(self.texts.restart_silence.format(seconds=round(asked.timeout_s)))
        self.place_message()
        row = ttk.Frame(self)
        row.pack(fill="x", pady=(16, 0))
        self.button(row, self.texts.restart_now, lambda: self._answer(True), "Primary.TButton").pack(side="left")
        deny = self.button(row, self.texts.restart_not, lambda: self._answer(False))
        deny.pack(side="left", padx=(8, 0))
        self.focus_field = deny

    def _answer(self, accepted: bool) -> None:
        self.submit(local.RestartAnswer(accepted))


class EndedPage(Page):
    """Why it ended, and the way to report abuse."""

    def __init__(
        self, parent: tkinter.Misc, context: Context, ended: local.Ended, reported: bool, close: Callable[[], None]
    ) -> None:
        super().__init__(parent, context)
        self.warning()
        self.heading(self.texts.ended_title)
        self.paragraph(rules.shown_body(ended.reason_text), "TLabel")
        self.place_message()
        row = ttk.Frame(self)
        row.pack(fill="x", pady=(16, 0))
        self.reported = False
        self._report = ttk.Button(row, text=self.texts.report, command=self.report, style="Danger.TButton")
        if ended.can_report:
            self._report.pack(side="left", padx=(0, 8))
        if ended.has_receipt:
            receipt = self.button(row, self.texts.receipt, lambda: self.context.send(local.ShowReceipt()))
            receipt.pack(side="left", padx=(0, 8))
        done = self.button(row, self.texts.close, close)
        done.pack(side="left")
        self.focus_field = done
        if reported:
            self.mark_reported()

    def report(self) -> None:
        self.context.send(local.Report())
        self.mark_reported()
        self.focus_field.focus_set()

    def mark_reported(self) -> None:
        self.reported = True
        self._report.configure(text=self.texts.reported)
        self._report.state(["disabled"])
