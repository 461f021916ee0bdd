"""Routes of support sessions: the operator's, and those of the customer's program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from pydantic import Field

from wizhelper.http.api import (
    ADMINS,
    ANYONE,
    MANAGERS,
    OPERATORS,
    PUBLIC,
    READERS,
    Call,
    Model,
    Moment,
    Role,
    Routes,
    RowId,
)
from wizhelper.http.errors import ApiError, Language
from wizhelper.records.chat import MAX_AT_ONCE, SpokenLine
from wizhelper.records.view import Counts, SessionList, SessionOut
from wizhelper.relay.hub import ConsoleTicket, Hub
from wizhelper.settings.right_words import asked_for
from wizhelper.support import joining, rules
from wizhelper.support.service import Support, Welcome
from wizhelper.support.states import EndReason
from wizhelper.support.tokens import TokenOffice

RELAY_PATH = "/ws/relay"

Result = Literal["resolved", "unresolved", "escalated", "visit", "customer_gave_up", "test"]


class LiveTicket(Model):
    ticket: str


class ChatIn(Model):
    lines: list[SpokenLine] = Field(
        min_length=1,
        max_length=MAX_AT_ONCE,
        examples=[[{"number": 1, "customer": True, "at_ms": 1795489000000, "text": "Hello"}]],
    )


class ControlIn(Model):
    """`window`: an operator's windows on one session; each shows what it likes."""

    window: int = Field(default=1, ge=1, le=99)


class ControlGrant(Model):
    ticket: str
    sid: str
    viewer: str
    path: str


class WrapUp(Model):
    fault_type_id: RowId | None = None
    result: Result
    memo: str = Field(default="", max_length=10_000)


class CutIn(Model):
    reason: str = Field(min_length=1, max_length=500)


class CorrectionIn(Model):
    reason: str = Field(max_length=1000)
    result: Result
    fault_type_id: RowId | None = None
    memo: str = Field(default="", max_length=10_000)
    ended_at: Moment


class HostIn(Model):
    host_name: str = Field(max_length=255)
    user_name: str = Field(max_length=255)
    os: Literal["windows", "linux", "mac"]
    os_version: str = Field(max_length=100)


class JoinIn(Model):
    number: str = Field(max_length=40)
    host: HostIn


class PickIn(Model):
    company: str = Field(max_length=64)
    operator: RowId
    host: HostIn


class TokenIn(Model):
    token: str = Field(max_length=400)
    host: HostIn


class ResumeIn(Model):
    """`secret`: what the program kept over the restart. `at_desktop`: somebody is logged on there."""

    session: str = Field(max_length=36)
    secret: str = Field(max_length=100)
    at_desktop: bool
    host: HostIn


class ConsentTextOut(Model):
    id: int
    version: int
    lang: str
    body: str


class JoinOut(Model):
    session: str
    secret: str
    company: str
    operator: str
    consent: ConsentTextOut | None


class ConsentIn(Model):
    accepted: bool
    text: RowId | None = None
    source: Literal["window", "command_line"]


class OperatorOut(Model):
    id: int
    display_name: str


class OperatorList(Model):
    items: list[OperatorOut]


def described_join(welcome: Welcome) -> JoinOut:
    text, asked = welcome.text, None
    if text is not None:
        # The program shows what it gets: the text as it is kept, and below it what exactly is agreed to.
        language: Language = "ko" if text.lang == "ko" else "en"
        body = f"{text.body}\n\n{asked_for(welcome.scopes, language)}"
        asked = ConsentTextOut(id=text.id, version=text.version, lang=text.lang, body=body)
    return JoinOut(
        session=welcome.session.id,
        secret=welcome.secret,
        company=welcome.company,
        operator=welcome.operator,
        consent=asked,
    )


def _host(form: HostIn) -> joining.Host:
    return joining.Host(form.host_name, form.user_name, form.os, form.os_version)


def make_routes(support: Support, hub: Hub, now: Callable[[], datetime]) -> Routes:
    routes = Routes("sessions")

    @routes.post("/live-tickets", roles=ANYONE, result=LiveTicket, before_new_password=True)
    async def live_ticket(call: Call[None]) -> LiveTicket:
        """A ticket for /ws/live: single use, 30 seconds."""
        who = call.caller
        return LiveTicket(ticket=hub.issue_ticket(ConsoleTicket(who.account, who.login, who.company)))

    @routes.get("/sessions", roles=OPERATORS, result=SessionList)
    async def list_sessions(call: Call[None]) -> SessionList:
        """Own sessions: open, to be wrapped up, and the latest of the past day (OP-WAIT-LIST)."""
        return SessionList(items=(await support.snapshot(call.caller.account, call.caller.company))[0])

    @routes.get("/counts", roles=ANYONE, result=Counts)
    async def counts(call: Call[None]) -> Counts:
        """Today's counts: an operator's own (OP-COUNT), the company's for other roles."""
        if call.caller.role is not Role.OPERATOR:
            return await support.visible_counts(call.caller)
        return (await support.snapshot(call.caller.account, call.caller.company))[1]

    @routes.post("/sessions", roles=OPERATORS, result=SessionOut, status=201)
    async def wait(call: Call[None]) -> SessionOut:
        """Asks for a connection number and waits on it (OP-WAIT-NEW)."""
        return await support.wait(call.caller.account)

    @routes.post("/sessions/<uuid:id>/cancel", roles=OPERATORS, result=SessionOut)
    async def cancel(call: Call[None]) -> SessionOut:
        """Gives a number back before a PC is connected."""
        actor = rules.operator(call.caller.account)
        return await support.act(
            call.caller,
            str(call.path["id"]),
            lambda db, row: rules.cancel(db, now(), row, actor, EndReason.OPERATOR_CANCELLED),
        )

    @routes.post("/sessions/<uuid:id>/control", roles=OPERATORS, body=ControlIn, result=ControlGrant)
    async def control(call: Call[ControlIn]) -> ControlGrant:
        """Opens a view of an own or shared session: a ticket for /ws/relay, and the session id of the handshake."""
        grant = await support.viewing.open(call.caller, str(call.path["id"]), call.body.window)
        return ControlGrant(ticket=grant.ticket, sid=grant.sid.hex(), viewer=str(grant.viewer), path=RELAY_PATH)

    @routes.post("/sessions/<uuid:id>/chat", roles=OPERATORS, body=ChatIn)
    async def keep_chat(call: Call[ChatIn]) -> None:
        """Lines of the chat, to be kept with the record; lines that are known stay as they are."""
        await support.keep_chat(call.caller, str(call.path["id"]), call.body.lines)

    @routes.post("/sessions/<uuid:id>/end", roles=OPERATORS, result=SessionOut)
    async def end(call: Call[None]) -> SessionOut:
        """Ends remote support; the only thing besides the customer's own end that does (FAQ-CLOSE)."""
        actor = rules.operator(call.caller.account)
        return await support.act(
            call.caller,
            str(call.path["id"]),
            lambda db, row: rules.end(db, now(), row, actor, EndReason.OPERATOR_ENDED),
        )

    @routes.post("/sessions/<uuid:id>/wrapup", roles=OPERATORS, body=WrapUp, result=SessionOut)
    async def wrap_up(call: Call[WrapUp]) -> SessionOut:
        """Stores fault type, result and memo; the record is then complete."""
        form = call.body
        return await support.act(
            call.caller,
            str(call.path["id"]),
            lambda db, row: rules.wrap_up(
                db, now(), row, call.caller.account, form.fault_type_id, form.result, form.memo
            ),
        )

    @routes.post("/records/<uuid:id>/correct", roles=OPERATORS | ADMINS, body=CorrectionIn, result=SessionOut)
    async def correct(call: Call[CorrectionIn]) -> SessionOut:
        """Completes the record of a session that ended abnormally (FAQ-ABN)."""
        form = call.body
        new = rules.Correction(form.reason, form.result, form.fault_type_id, form.memo, form.ended_at)
        return await support.act(
            call.caller,
            str(call.path["id"]),
            lambda db, row: rules.correct(db, now(), row, call.caller.account, new),
        )

    @routes.get("/sessions/now", roles=READERS, result=SessionList)
    async def sessions_now(call: Call[None]) -> SessionList:
        """Every open session of the company, or of the own operator group."""
        return SessionList(items=await support.open_now(call.caller))

    @routes.post("/sessions/<uuid:id>/cut", roles=MANAGERS, body=CutIn, result=SessionOut)
    async def cut(call: Call[CutIn]) -> SessionOut:
        """An administrator ends a session at once and says why; operator and customer are told who did it."""
        actor = rules.operator(call.caller.account)
        return await support.act(
            call.caller,
            str(call.path["id"]),
            lambda db, row: rules.end(db, now(), row, actor, EndReason.ADMIN_CUT, note=call.body.reason.strip()),
        )

    return routes


def make_join_routes(support: Support, tokens: TokenOffice) -> Routes:
    """What the access program calls. It is no browser: no cookie, its secret comes in the Authorization header."""
    routes = Routes("join")

    @routes.post("/join", roles=PUBLIC, body=JoinIn, result=JoinOut)
    async def join(call: Call[JoinIn]) -> JoinOut:
        """Enters a connection number (CUSTP-NUM)."""
        host = _host(call.body.host)
        return described_join(
            await support.join_by_number(call.body.number, "program", call.address, host, call.language)
        )

    @routes.post("/join/pick", roles=PUBLIC, body=PickIn, result=JoinOut)
    async def pick(call: Call[PickIn]) -> JoinOut:
        """Chooses a waiting operator (CUSTP-PICK)."""
        form = call.body
        return described_join(
            await support.join_by_pick(
                form.company, form.operator, "program", call.address, _host(form.host), call.language
            )
        )

    @routes.post("/join/token", roles=PUBLIC, body=TokenIn, result=JoinOut)
    async def token(call: Call[TokenIn]) -> JoinOut:
        """Comes with the token of a download (CUST-RUN): no second entry of the number."""
        held = tokens.claim_of(call.body.token)
        if held is None:
            raise ApiError("TOKEN_INVALID")
        return described_join(await support.join_by_claim(held, call.address, _host(call.body.host), call.language))

    @routes.post("/join/resume", roles=PUBLIC, body=ResumeIn, result=JoinOut)
    async def resume(call: Call[ResumeIn]) -> JoinOut:
        """Comes back into its session after a restart of the PC, once (RB-RECON)."""
        form, host = call.body, _host(call.body.host)
        return described_join(
            await support.resume(form.session, form.secret, form.at_desktop, call.address, host, call.language)
        )

    @routes.get("/join/operators", roles=PUBLIC, result=OperatorList)
    async def operators(call: Call[None]) -> OperatorList:
        """Operators of a company who are waiting; query field company."""
        found = await support.waiting_operators(call.query.get("company", ""))
        return OperatorList(items=[OperatorOut(id=number, display_name=name) for number, name in found])

    @routes.post("/join/<uuid:id>/consent", roles=PUBLIC, body=ConsentIn)
    async def consent(call: Call[ConsentIn]) -> None:
        """The customer's answer (CUST-CONSENT); Authorization: Bearer <secret>."""
        form = call.body
        await support.consent(
            str(call.path["id"]), call.bearer or "", form.accepted, form.text, form.source, call.address
        )

    @routes.post("/join/<uuid:id>/report", roles=PUBLIC)
    async def report(call: Call[None]) -> None:
        """The customer reports abuse; Authorization: Bearer <secret>."""
        await support.report_abuse(str(call.path["id"]), call.bearer or "", call.address)

    return routes
