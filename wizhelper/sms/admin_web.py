"""Routes by which administrators set up text messages: gateways, templates, limits (ADM-SMSCFG)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import ADMINS, READERS, Call, Routes
from wizhelper.http.errors import ApiError
from wizhelper.settings.service import company_by_id
from wizhelper.sms import configuration, links, numbers, view
from wizhelper.sms.counting import measure
from wizhelper.sms.kinds import KINDS
from wizhelper.sms.model import SmsGateway, SmsTemplate
from wizhelper.sms.service import Sms
from wizhelper.sms.words import Words, checked, filled
from wizhelper.store import audit


def make_admin_routes(sms: Sms) -> Routes:
    routes = Routes("text messages")
    _add_settings(routes, sms)
    _add_templates(routes, sms)
    _add_gateways(routes, sms)
    _add_gateway_acts(routes, sms)
    return routes


def _note(db: Session, sms: Sms, call: Call[Any], action: str, **facts: Any) -> None:
    audit.append(db, sms.now(), call.caller.company, call.caller.actor, action, facts)


def _add_settings(routes: Routes, sms: Sms) -> None:
    @routes.get("/sms/settings", roles=READERS, result=view.SettingsBody)
    async def settings(call: Call[None]) -> view.SettingsBody:
        """Limits of text messages."""
        return await sms.db.run(lambda db: view.described_settings(configuration.settings_of(db, call.caller.company)))

    @routes.put("/sms/settings", roles=ADMINS, body=view.SettingsBody, result=view.SettingsBody)
    async def save_settings(call: Call[view.SettingsBody]) -> view.SettingsBody:
        """Changes them; they hold for the next message."""
        form = call.body
        if not all(map(numbers.is_prefix, form.prefixes)):
            raise ApiError("INVALID_FIELDS", fields={"prefixes": "+ and digits, like +8210"})

        def work(db: Session) -> view.SettingsBody:
            row = configuration.settings_of(db, call.caller.company)
            before = view.described_settings(row).model_dump()
            for name, value in form.model_dump().items():
                setattr(row, name, value)
            changed = {
                name: [before[name], value] for name, value in form.model_dump().items() if before[name] != value
            }
            _note(db, sms, call, "sms.settings_changed", **changed)
            return view.described_settings(row)

        return await sms.db.run(work)


def _add_templates(routes: Routes, sms: Sms) -> None:
    @routes.get("/sms/templates", roles=READERS, result=view.TemplateList)
    async def templates(call: Call[None]) -> view.TemplateList:
        """The company's templates, also those that are not offered any more."""

        def work(db: Session) -> list[view.TemplateOut]:
            return [view.described_template(row) for row in configuration.templates_of(db, call.caller.company)]

        return view.TemplateList(items=await sms.db.run(work))

    @routes.post("/sms/templates", roles=ADMINS, body=view.TemplateIn, result=view.TemplateOut, status=201)
    async def add_template(call: Call[view.TemplateIn]) -> view.TemplateOut:
        """Adds one."""
        return await sms.db.run(lambda db: _save_template(db, sms, call, SmsTemplate(company_id=call.caller.company)))

    @routes.put("/sms/templates/<int:id>", roles=ADMINS, body=view.TemplateIn, result=view.TemplateOut)
    async def change_template(call: Call[view.TemplateIn]) -> view.TemplateOut:
        """Changes one; messages keep the text that they were sent with."""

        def work(db: Session) -> view.TemplateOut:
            return _save_template(db, sms, call, configuration.template_of(db, call.caller.company, call.path["id"]))

        return await sms.db.run(work)

    @routes.delete("/sms/templates/<int:id>", roles=ADMINS)
    async def remove_template(call: Call[None]) -> None:
        """Removes one."""

        def work(db: Session) -> None:
            row = configuration.template_of(db, call.caller.company, call.path["id"])
            _note(db, sms, call, "sms.template_removed", name=row.name)
            db.delete(row)

        await sms.db.run(work)

    @routes.post("/sms/templates/preview", roles=ADMINS, body=view.TemplateIn, result=view.PreviewOut)
    async def preview_template(call: Call[view.TemplateIn]) -> view.PreviewOut:
        """What a template would look like with sample values, and how it counts; nothing is kept."""
        base = sms.base_of(call.host)
        return await sms.db.run(lambda db: _sample(db, call, base))


def _save_template(db: Session, sms: Sms, call: Call[view.TemplateIn], row: SmsTemplate) -> view.TemplateOut:
    form, action = call.body, "sms.template_added" if row.id is None else "sms.template_changed"
    configuration.set_template(db, row, Words(form.name, form.subject, form.body), form.active)
    _note(db, sms, call, action, name=row.name, body=row.body, active=row.active)
    return view.described_template(row)


def _sample(db: Session, call: Call[view.TemplateIn], base: str) -> view.PreviewOut:
    form, company = call.body, company_by_id(db, call.caller.company)
    values = {
        "link": links.address(base, links.SAMPLE),
        "number": "9" * company.number_digits,
        "company": company.name,
        "operator": db.get_one(Account, call.caller.account).display_name,
    }
    text = filled(checked(Words(form.name, form.subject, form.body)), values)
    gateways = configuration.in_use(db, company.id)
    counted = view.measured(measure(text.body, configuration.counting_of(gateways)))
    name = gateways[0].name if gateways else None
    return view.PreviewOut(subject=text.subject, text=text.body, measure=counted, gateway=name, leaves=name is not None)


def _add_gateways(routes: Routes, sms: Sms) -> None:
    @routes.get("/sms/kinds", roles=READERS, result=view.KindList)
    async def kinds(_call: Call[None]) -> view.KindList:
        """The providers that this server can send through, with the fields of their settings."""
        return view.KindList(items=[view.described_kind(kind) for kind in KINDS.values()])

    @routes.get("/sms/gateways", roles=READERS, result=view.GatewayList)
    async def gateways(call: Call[None]) -> view.GatewayList:
        """The company's gateways in the order in which they are tried; without one, messages stay on this server."""
        return view.GatewayList(items=await sms.db.read(lambda db: _listed(db, sms, call)))

    @routes.post("/sms/gateways", roles=ADMINS, body=view.NewGateway, result=view.GatewayOut, status=201)
    async def add_gateway(call: Call[view.NewGateway]) -> view.GatewayOut:
        """Adds one, as the last in the order."""

        def work(db: Session) -> view.GatewayOut:
            row = configuration.add_gateway(db, call.caller.company, call.body.kind, sms.now())
            return _save_gateway(db, sms, call, row, call.body, "sms.gateway_added")

        made = await sms.db.run(work)
        await sms.outbox.reload()
        return made

    @routes.put("/sms/gateways/<int:id>", roles=ADMINS, body=view.GatewayIn, result=view.GatewayOut)
    async def change_gateway(call: Call[view.GatewayIn]) -> view.GatewayOut:
        """Changes one; a secret that is left out stays what it was."""

        def work(db: Session) -> view.GatewayOut:
            row = configuration.gateway_of(db, call.caller.company, call.path["id"])
            return _save_gateway(db, sms, call, row, call.body, "sms.gateway_changed")

        changed = await sms.db.run(work)
        await sms.outbox.reload()
        return changed

    @routes.delete("/sms/gateways/<int:id>", roles=ADMINS)
    async def remove_gateway(call: Call[None]) -> None:
        """Removes one, and its secrets; the log keeps its name."""

        def work(db: Session) -> None:
            row = configuration.gateway_of(db, call.caller.company, call.path["id"])
            configuration.remove_gateway(row, sms.now())
            _note(db, sms, call, "sms.gateway_removed", kind=row.kind, name=row.name)

        await sms.db.run(work)
        await sms.outbox.reload()


def _listed(db: Session, sms: Sms, call: Call[Any]) -> list[view.GatewayOut]:
    rows = configuration.gateways_of(db, call.caller.company)
    return [view.described_gateway(row, sms.sealer, call.caller) for row in rows]


def _save_gateway(
    db: Session, sms: Sms, call: Call[Any], row: SmsGateway, form: view.GatewayIn, action: str
) -> view.GatewayOut:
    try:
        sender = numbers.sender(form.sender)
    except numbers.BadNumber:
        raise ApiError("INVALID_FIELDS", fields={"sender": "4-15 digits, or a name of up to 11 letters"}) from None
    configuration.set_gateway(db, row, sms.sealer, form.name.strip(), sender, form.enabled, form.settings)
    row.changed_at = sms.now()
    facts = {"kind": row.kind, "name": row.name, "sender": row.sender, "enabled": row.enabled}
    _note(db, sms, call, action, **facts, fields=sorted(form.settings))
    return view.described_gateway(row, sms.sealer, call.caller)


def _add_gateway_acts(routes: Routes, sms: Sms) -> None:
    @routes.put("/sms/gateway-order", roles=ADMINS, body=view.GatewayOrder, result=view.GatewayList)
    async def order(call: Call[view.GatewayOrder]) -> view.GatewayList:
        """In which order gateways are tried: every id once."""

        def work(db: Session) -> list[view.GatewayOut]:
            configuration.reorder(db, call.caller.company, call.body.order)
            _note(db, sms, call, "sms.gateways_ordered", order=call.body.order)
            return _listed(db, sms, call)

        return view.GatewayList(items=await sms.db.run(work))

    @routes.post("/sms/gateways/<int:id>/test", roles=ADMINS, body=view.TestIn, result=view.MessageOut, status=201)
    async def test(call: Call[view.TestIn]) -> view.MessageOut:
        """Sends a fixed text through this gateway alone; the message's state says what became of it."""
        return await sms.test(call.caller, call.path["id"], call.body.to, call.body.request)
