"""One session on a registered device, as the person at the PC sees it: the question where the policy asks one, the bar.

The policy is this PC's own copy. Whatever the appliance says, nobody gets in before the answer that it asks for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from agent import texts
from agent.overlay.process import FreePlace
from agent.parts import SessionView
from agent.session import SupportSession
from agent.window.process import WindowProcess
from wizhelper.protocol import local
from wizhelper.protocol.chat import Said
from wizhelper.protocol.control import Activity, SasPolicy, Trust
from wizhelper.protocol.device import Approval, DevicePolicy

log = Logger()

#: How long "support has ended" stays on the screen of a PC where perhaps nobody sits.
FAREWELL_S = 20.0


class DeviceDesk(SessionView):
    """`tell(event, **fields)`: lines for the log of the service. The session is given by `attend`; `free` is told the place of
    the bar."""

    def __init__(
        self,
        reactor: Any,
        policy: DevicePolicy,
        language: str,
        tell: Callable[..., None],
        window: Any = WindowProcess,
        free: FreePlace | None = None,
        asks: bool = True,
        began: Callable[[str], None] = lambda operator: None,
    ) -> None:
        """`asks` False: the question was answered before, and the session only goes on. `began`: the operator was let in."""
        self._reactor = reactor
        self._policy = policy
        self._language = language
        self._tell = tell
        self._make_window = window
        self._free = free or FreePlace()
        self._began = began
        self._window: Any = None
        self._session: SupportSession
        self._silence: Any = None
        self._asked = False
        self._answered: bool | None = None if asks else True
        self._names = ("", "")
        self._since_s = 0.0
        self._trust = Trust.UNVERIFIED
        self._over = False
        self._farewell: Any = None

    @property
    def asks_first(self) -> bool:
        return self._policy.approval != Approval.NEVER

    def attend(self, session: SupportSession) -> None:
        self._session = session

    # --- the person ---------------------------------------------------------------------------------------------------

    def _open_window(self) -> None:
        """A PC without a desktop has nobody to be shown anything; silence then answers for it."""
        if self._window is None and not self._over:
            try:
                self._window = self._make_window(self._reactor, self._said, self._window_gone, self._language)
            except OSError as problem:
                log.warn("No window on this PC: {problem}", problem=str(problem))

    def _show(self, message: local.ToWindow) -> None:
        if self._window is not None:
            self._window.send(message)

    def _said(self, message: local.FromWindow) -> None:
        match message:
            case local.ApproveAnswer(accepted):
                self._answer(accepted)
            case local.RestartAnswer(accepted):
                self._session.restart_answered(accepted)
            case local.Verify(number):
                self._session.verify(number)
            case local.EndSession():
                self._session.end()
            case local.Dismiss(person):
                self._session.dismiss(person)
            case local.OfferFiles(paths):
                self._session.offer_files(paths)
            case local.Say(text):
                self._session.say(text)
            case local.ChooseLanguage(lang):
                self._language = lang
            case local.BarPlace(x, y, width, height):
                self._free.move(self, x, y, width, height)
            case local.Closed():
                if self._asked:
                    self._answer(False)  # whoever closes the question does not agree; an answer that was given stays
                self._close_window()

    def _window_gone(self, in_order: bool) -> None:
        """Whoever sits there could not press End any more: the session must not go on unseen."""
        self._free.move(self, 0, 0, 0, 0)
        had_started, self._window = self._window is not None and bool(self._names[0]), None
        if had_started and not self._over and not self._session.going_down and (self._answered is not None or not self.asks_first):
            self._session.end()

    def _close_window(self) -> None:
        if self._window is not None:
            self._window.close()

    # --- the question -------------------------------------------------------------------------------------------------

    def ask_approval(self, operator: str, timeout_s: float) -> None:
        if self._answered is not None:
            self._session.approve(self._answered)
            return
        if self._asked:
            return  # by its own rule; now the server asks, too
        self._asked = True
        self._tell("asking", operator=operator)
        self._open_window()
        self._show(local.AskApproval(operator))
        if self._policy.approval != Approval.ALWAYS:
            wait = self._policy.answer_s if self.asks_first else timeout_s
            self._silence = self._reactor.callLater(wait, self._nobody_answered)

    def _nobody_answered(self) -> None:
        self._silence = None
        self._answer(self._policy.approval == Approval.ASK_THEN_ALLOW)

    def _answer(self, accepted: bool) -> None:
        if self._answered is not None:
            return
        self._answered = accepted
        self._stop_waiting()
        self._tell("answered", accepted=accepted)
        self._session.approve(accepted)
        if accepted and self._names[0]:
            self._show_bar()

    def _stop_waiting(self) -> None:
        if self._silence is not None and self._silence.active():
            self._silence.cancel()
        self._silence = None

    def ask_restart(self, operator: str, timeout_s: float) -> None:
        """Where the policy asks nobody to let operators in, nobody is asked here either."""
        self._tell("restart_asked", operator=operator)
        if self._window is None or not self.asks_first:
            self._session.restart_answered(not self.asks_first)
        else:
            self._show(local.AskRestart(operator, timeout_s))

    def restart_settled(self) -> None:
        self._show(local.RestartSettled())

    # --- SessionView --------------------------------------------------------------------------------------------------

    def started(self, company: str, operator: str, since_s: float) -> None:
        self._names, self._since_s = (company, operator), since_s or time.time()
        self._tell("session", operator=operator)
        self._open_window()
        if not self.asks_first or self._answered:
            self._show_bar()

    def _show_bar(self) -> None:
        self._began(self._names[1])
        verified = self._trust is not Trust.UNVERIFIED
        self._show(local.Session(*self._names, self._since_s, "", SasPolicy.OFF, verified))

    def link_changed(self, online: bool) -> None:
        status = local.Status("ONLINE", "") if online else local.Status("OFFLINE", self._status("OFFLINE"))
        self._show(status)

    def viewer_changed(self, present: bool, sas: str, policy: SasPolicy, trust: Trust) -> None:
        self._trust = trust
        self._tell("viewer" if present else "viewer_gone")
        shown = sas if policy is SasPolicy.SHOWN else ""
        self._show(local.Sas(shown, policy if present else SasPolicy.OFF, trust is not Trust.UNVERIFIED))

    def refused(self, code: str) -> None:
        self._show(local.Status(code, self._status(code)))

    def activities_changed(self, activities: frozenset[Activity]) -> None:
        self._show(local.Activities(tuple(sorted(activities))))

    def people_changed(self, people: tuple[local.Person, ...]) -> None:
        self._show(local.People(people))

    def chat_line(self, line: Said) -> None:
        self._show(local.ChatLine(line.customer, line.at_ms, line.text))

    def ended(self, reason: str, receipt: str) -> None:
        self._over = True
        self._stop_waiting()
        self._tell("ended", reason=reason)
        self._show(local.Ended(texts.ended(reason, self._language)))
        self._farewell = self._reactor.callLater(FAREWELL_S, self._close_window)

    def _status(self, code: str) -> str:
        return texts.status(code, self._language)

    def end(self) -> None:
        """The person at the PC ends the support, by the tray."""
        self._session.end()

    def leave(self) -> Deferred[str]:
        """For the end of the program; fires when the server has been told."""
        told = self._session.shut_down() if not self._over else succeed("")
        self._close_window()
        return told
