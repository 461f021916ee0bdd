"""Routes of text messages: the operator's invitation, everybody's list of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.accounts.paging import page_of
from wizhelper.accounts.people import MAX_SEARCH, manageable
from wizhelper.http.api import ANYONE, OPERATORS, Call, Caller, Role, Routes
from wizhelper.http.errors import ApiError
from wizhelper.sms import configuration, invitation, limits, view
from wizhelper.sms.model import OutboxState, SmsMessage
from wizhelper.sms.service import Sms

SORTS: Mapping[str, ColumnElement[Any]] = {
    "created": SmsMessage.created_at.expression,
    "state": SmsMessage.state.expression,
    "operator": SmsMessage.account_id.expression,
    "template": SmsMessage.template.expression,
}


def visible(caller: Caller) -> list[ColumnElement[bool]]:
    """An operator's own messages, a group administrator's of the operators whom he manages, other readers' all."""
    found: list[ColumnElement[bool]] = [SmsMessage.company_id == caller.company]
    if caller.role is Role.OPERATOR:
        found.append(SmsMessage.account_id == caller.account)
    if caller.role is Role.GROUP_ADMIN:
        found.append(SmsMessage.account_id.in_(select(Account.id).where(*manageable(caller))))
    return found


def _conditions(call: Call[None]) -> list[ColumnElement[bool]]:
    """Query fields `state` and `q`: a part of the number's digits, or of the template's name."""
    found = visible(call.caller)
    if state := call.query.get("state", ""):
        if state not in set(OutboxState):
            raise ApiError("INVALID_FIELDS", fields={"state": ", ".join(OutboxState)})
        found.append(SmsMessage.state == state)
    if session := call.query.get("session", ""):
        found.append(SmsMessage.session_id == session[:36])
    if text := call.query.get("q", "").strip()[:MAX_SEARCH]:
        either = [SmsMessage.template.contains(text, autoescape=True)]
        digits = "".join(c for c in text if c.isascii() and c.isdigit())
        if digits:
            # As it is written at home, "010…", and as it is kept, "+8210…".
            either.append(SmsMessage.to.contains(digits.removeprefix("0")))
        found.append(or_(*either))
    return found


def _page(db: Session, call: Call[None]) -> view.MessagePage:
    page, size = page_of(call)
    sort = call.query.get("sort") or "-created"
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        raise ApiError("INVALID_FIELDS", fields={"sort": ", ".join(SORTS)})
    where = _conditions(call)
    total = db.scalar(select(func.count()).select_from(SmsMessage).where(*where)) or 0
    order = column.desc() if sort.startswith("-") else column.asc()
    query = select(SmsMessage).where(*where).order_by(order, SmsMessage.id).limit(size).offset((page - 1) * size)
    items = [view.described(db, row) for row in db.scalars(query)]
    return view.MessagePage(items=items, total=total, page=page, size=size)


def _one(db: Session, call: Call[None]) -> view.MessageDetail:
    row = db.scalar(select(SmsMessage).where(SmsMessage.id == str(call.path["id"]), *visible(call.caller)))
    if row is None:
        raise ApiError("NOT_FOUND")
    return view.detail(db, row)


def make_routes(sms: Sms) -> Routes:
    routes = Routes("text messages")

    @routes.get("/sms/options", roles=OPERATORS, result=view.OptionsOut)
    async def options(call: Call[None]) -> view.OptionsOut:
        """Templates to choose from, whether messages leave the server, and how many are left today."""

        def work(db: Session) -> view.OptionsOut:
            company, settings = call.caller.company, configuration.settings_of(db, call.caller.company)
            templates = [view.described_template(t) for t in configuration.templates_of(db, company) if t.active]
            return view.OptionsOut(
                enabled=settings.enabled,
                left_today=limits.left_today(db, sms.now(), settings, call.caller.account),
                leaves=bool(configuration.in_use(db, company)),
                templates=templates,
            )

        return await sms.db.run(work)

    @routes.post("/sms/preview", roles=OPERATORS, body=view.PreviewIn, result=view.PreviewOut)
    async def preview(call: Call[view.PreviewIn]) -> view.PreviewOut:
        """The text with its values, and its length as the provider counts; the link is a sample of the same length."""
        form, base = call.body, sms.base_of(call.host)

        def work(db: Session) -> view.PreviewOut:
            return view.described_draft(invitation.draft(db, call.caller, form.session, form.template, base))

        return await sms.db.run(work)

    @routes.post("/sms/messages", roles=OPERATORS, body=view.InviteIn, result=view.MessageOut, status=201)
    async def invite(call: Call[view.InviteIn]) -> view.MessageOut:
        """Sends a link into a waiting session by text message (OP-SMS)."""
        form = call.body
        order = invitation.Order(
            session=form.session,
            template=form.template,
            to=form.to,
            request=form.request,
            confirmed=form.confirmed,
            base=sms.base_of(call.host),
        )
        return await sms.invite(call.caller, order)

    @routes.get("/sms/messages", roles=ANYONE, result=view.MessagePage)
    async def messages(call: Call[None]) -> view.MessagePage:
        """What was sent and how far it got; query fields page, size, q, state, session, sort."""
        return await sms.db.read(lambda db: _page(db, call))

    @routes.get("/sms/messages/<uuid:id>", roles=ANYONE, result=view.MessageDetail)
    async def message(call: Call[None]) -> view.MessageDetail:
        """One message with every try at every gateway."""
        return await sms.db.read(lambda db: _one(db, call))

    return routes
