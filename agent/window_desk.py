"""The access program with its window (CUSTP-*): entry, consent, session bar, end.

The window is a child process (agent/window); this is its other end, on the reactor. Calls to the server run one at a time:
what the person does meanwhile is not lost, the page just waits.
"""

from __future__ import annotations

import re
import time
import webbrowser
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from agent import texts
from agent.entrance import Consent, Entrance
from agent.link import LinkError, ServerLink
from agent.overlay.process import FreePlace
from agent.parts import Parts, SessionView
from agent.session import Joined, SupportSession
from agent.window.process import WindowProcess
from wizhelper.protocol import local
from wizhelper.protocol.chat import Said
from wizhelper.protocol.control import Activity, SasPolicy, Trust

log = Logger()

RECEIPT = re.compile(r"[A-Za-z0-9_-]{1,300}={0,2}")


def receipt_address(server: ServerLink | None, token: str) -> str:
    """The page of the server that this program talks to, or "": a token is no way to send the person elsewhere."""
    return f"{server.server.base}/receipt/{token}" if server is not None and RECEIPT.fullmatch(token) else ""


class WindowDesk(SessionView):
    """`parts()` makes what a session needs of this PC, once one begins; `free` is told the place of
    the bar. `server` None: nobody told where to connect."""

    def __init__(
        self,
        reactor: Any,
        server: ServerLink | None,
        entrance: Entrance | None,
        parts: Any,
        number: str | None,
        token: str | None,
        language: str,
        window: Any = WindowProcess,
        problem: str | None = None,
        browse: Callable[[str], bool] = webbrowser.open,
        free: FreePlace | None = None,
    ) -> None:
        self._reactor = reactor
        self._server = server
        self._entrance = entrance
        self._parts = parts
        self._number = number
        self._token = token
        self._language = language
        self._make_window = window
        self._problem = problem
        self._free = free or FreePlace()
        self._busy = False
        self._company = ""
        self._joined: Joined | None = None
        self._consent: Consent | None = None
        self._session: SupportSession | None = None
        self._trust = Trust.UNVERIFIED
        self._took_place = False
        self._browse = browse
        self._receipt = ""
        self._done: Deferred[int] = Deferred()

    async def run(self) -> int:
        self._window = self._make_window(self._reactor, self._said, self._window_gone, self._language)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._shutdown)
        self.begin()
        return await self._done

    def begin(self) -> None:
        """The first page."""
        if self._entrance is None:
            self._window.send(local.Ended(self._why_not()))
        elif self._token is not None:
            token = self._token
            self._begin(self._join(lambda entrance: entrance.by_token(token)))
        else:
            self._window.send(local.Entry(local.EntryMode.NUMBER, True))
            number = self._number
            if number:
                self._begin(self._join(lambda entrance: entrance.by_number(number)))

    def _why_not(self) -> str:
        """Why there is nothing to enter: somebody who double-clicked sees no other output."""
        if self._problem is None:
            return texts.ended("no_server", self._language)
        return f"{' '.join(texts.problem(self._problem, self._language))} ({self._problem})"

    # --- the person ---------------------------------------------------------------------------------------------------

    def _said(self, message: local.FromWindow) -> None:
        assert self._entrance is not None or isinstance(
            message, local.Closed | local.ChooseLanguage | local.Report | local.ShowReceipt
        )
        match message:
            case local.SubmitNumber(number):
                self._begin(self._join(lambda entrance: entrance.by_number(number)))
            case local.SubmitCompany(code):
                self._begin(self._list_operators(code))
            case local.Pick(operator):
                self._begin(self._join(lambda entrance: entrance.by_operator(self._company, operator)))
            case local.ConsentAnswer(accepted):
                self._begin(self._answer_consent(accepted))
            case local.ApproveAnswer(accepted):
                self._with_session(lambda s: s.approve(accepted))
            case local.RestartAnswer(accepted):
                self._with_session(lambda s: s.restart_answered(accepted))
            case local.Verify(number):
                self._with_session(lambda s: s.verify(number))
            case local.EndSession():
                self._with_session(lambda s: s.end())
            case local.Dismiss(person):
                self._with_session(lambda s: s.dismiss(person))
            case local.OfferFiles(paths):
                self._with_session(lambda s: s.offer_files(paths))
            case local.Say(text):
                self._with_session(lambda s: s.say(text))
            case local.Report():
                self._begin(self._report(), "")
            case local.ShowReceipt():
                self._show_receipt()
            case local.BarPlace(x, y, width, height):
                self._free.move(self, x, y, width, height)
            case local.ChooseLanguage(lang):
                self._language = lang
                if self._server is not None:
                    self._server.language = lang
            case local.Closed():
                self._window.close()

    def _show_receipt(self) -> None:
        if self._receipt:
            pool = self._reactor.getThreadPool()
            opened = deferToThreadPool(self._reactor, pool, self._browse, self._receipt)
            opened.addErrback(lambda failure: log.failure("The receipt could not be opened", failure))

    @property
    def _the_entrance(self) -> Entrance:
        assert self._entrance is not None
        return self._entrance

    def _with_session(self, act: Any) -> None:
        if self._session is not None:
            act(self._session)

    def _begin(self, work: Coroutine[Any, Any, None], status: str = "CONNECTING") -> None:
        """One call at a time; a second click while one runs changes nothing. `status`: what the page says meanwhile."""
        if self._busy:
            work.close()
            return
        self._busy = True
        if status:
            self._window.send(local.Busy(texts.status(status, self._language)))
        Deferred.fromCoroutine(work).addBoth(self._settled)

    def _settled(self, result: Failure | None) -> None:
        self._busy = False
        if isinstance(result, Failure):
            self._show(result)

    def _show(self, failure: Failure) -> None:
        problem = failure.value
        if not isinstance(problem, LinkError):
            log.failure("The access program failed", failure)
            problem = LinkError("INTERNAL")
        said, next_step = texts.problem(problem.code, self._language)
        if self._token is not None and self._joined is None:
            # The download's token is spent or too old: the number can still be typed.
            self._token = None
            self._window.send(local.Entry(local.EntryMode.NUMBER, True))
        self._window.send(local.ShowError(problem.code, problem.text or said, problem.next_step or next_step))

    # --- steps --------------------------------------------------------------------------------------------------------

    async def _join(self, way: Callable[[Entrance], Coroutine[Any, Any, tuple[Joined, Consent | None]]]) -> None:
        self._joined, self._consent = await way(self._the_entrance)
        if self._consent is None:
            self._start()
            return
        asked = self._consent
        title = texts.CONSENT_TITLE[self._language]
        self._window.send(local.AskConsent(asked.company, asked.operator, title, asked.body, asked.version))

    async def _list_operators(self, company: str) -> None:
        self._company = company
        found = await self._the_entrance.operators(company)
        self._window.send(local.Operators(tuple(local.OperatorItem(number, name) for number, name in found)))

    async def _answer_consent(self, accepted: bool) -> None:
        assert self._joined is not None and self._consent is not None
        await self._the_entrance.consent(self._joined, self._consent.text, accepted, "window")
        self._consent = None
        if accepted:
            self._start()
        else:
            self._window.send(local.Ended(texts.ended("consent_refused", self._language), True))

    async def _report(self) -> None:
        assert self._joined is not None
        await self._the_entrance.report(self._joined)

    def _start(self) -> None:
        assert self._joined is not None and self._server is not None and self._session is None
        if self._done.called:
            # The window died while the server was asked: nobody could end the session.
            return
        self._session = self.make_session(self._joined)
        self._session.start()

    def make_session(self, joined: Joined) -> SupportSession:
        assert self._server is not None
        parts: Parts = self._parts()
        return SupportSession(self._reactor, self._server, joined, parts, self)

    # --- SessionView --------------------------------------------------------------------------------------------------

    def started(self, company: str, operator: str, since_s: float) -> None:
        self._took_place = True
        self._since_s = since_s or time.time()
        self._names = (company, operator)
        self._show_bar("", SasPolicy.OFF)

    def _show_bar(self, sas: str, policy: SasPolicy) -> None:
        verified = self._trust is not Trust.UNVERIFIED
        self._window.send(local.Session(*self._names, self._since_s, sas, policy, verified))

    def link_changed(self, online: bool) -> None:
        if online and self._took_place:
            self._window.send(local.Status("ONLINE", ""))
        elif not online:
            self._window.send(local.Status("OFFLINE", texts.status("OFFLINE", self._language)))

    def viewer_changed(self, present: bool, sas: str, policy: SasPolicy, trust: Trust) -> None:
        self._trust = trust
        shown = sas if policy is SasPolicy.SHOWN else ""
        self._window.send(local.Sas(shown, policy if present else SasPolicy.OFF, trust is not Trust.UNVERIFIED))

    def ask_approval(self, operator: str, timeout_s: float) -> None:
        self._window.send(local.AskApproval(operator))

    def ask_restart(self, operator: str, timeout_s: float) -> None:
        self._window.send(local.AskRestart(operator, timeout_s))

    def restart_settled(self) -> None:
        self._window.send(local.RestartSettled())

    def refused(self, code: str) -> None:
        self._window.send(local.Status(code, texts.status(code, self._language)))

    def activities_changed(self, activities: frozenset[Activity]) -> None:
        self._window.send(local.Activities(tuple(sorted(activities))))

    def people_changed(self, people: tuple[local.Person, ...]) -> None:
        self._window.send(local.People(people))

    def chat_line(self, line: Said) -> None:
        self._window.send(local.ChatLine(line.customer, line.at_ms, line.text))

    def ended(self, reason: str, receipt: str) -> None:
        self._receipt = receipt_address(self._server, receipt)
        self._window.send(local.Ended(texts.ended(reason, self._language), True, bool(self._receipt)))

    # --- the end ------------------------------------------------------------------------------------------------------

    def _window_gone(self, in_order: bool) -> None:
        """Nobody can press End any more: a session must not go on unseen."""
        status = 0 if in_order and self._took_place else 1
        told = self._session.shut_down() if self._session is not None else succeed("")
        told.addCallback(lambda _: None if self._done.called else self._done.callback(status))

    def _shutdown(self) -> Deferred[str] | None:
        self._window.close()
        return self._session.shut_down() if self._session is not None else None
