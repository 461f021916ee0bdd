"""Messages, templates and gateways as REST and the live socket show them. Numbers are masked, secrets never shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.accounts.model import Account
from wizhelper.http.api import Caller, Model, Role, RowId
from wizhelper.settings.sealing import SealBroken, Sealer
from wizhelper.sms import configuration, numbers
from wizhelper.sms.counting import Measure
from wizhelper.sms.gateway import GatewayKind
from wizhelper.sms.invitation import Draft
from wizhelper.sms.kinds import KINDS
from wizhelper.sms.model import SmsAttempt, SmsGateway, SmsMessage, SmsSettings, SmsTemplate

Value = str | int | bool | None
CALLBACK_PATH = "/sms/callback/"


class MeasureOut(Model):
    encoding: str
    kind: str
    used: int
    limit: int
    parts: int
    unsendable: list[str]
    fits: bool


class PreviewIn(Model):
    session: str = Field(max_length=36)
    template: RowId


class PreviewOut(Model):
    """`leaves` false: the company has no gateway, and the message only appears in its list."""

    subject: str
    text: str
    measure: MeasureOut
    gateway: str | None
    leaves: bool


class InviteIn(Model):
    session: str = Field(max_length=36)
    template: RowId
    to: str = Field(min_length=1, max_length=40)
    request: str = Field(
        min_length=8, max_length=36, description="New for every order: repeated, nothing is sent twice."
    )
    confirmed: bool = False


class TestIn(Model):
    to: str = Field(min_length=1, max_length=40)
    request: str = Field(min_length=8, max_length=36)


class MessageOut(Model):
    id: str
    created_at: datetime
    operator: str
    session: str | None
    to: str
    template: str
    subject: str
    text: str
    kind: str
    parts: int
    state: str
    code: str
    gateway: str | None
    accepted_at: datetime | None
    delivered_at: datetime | None


class MessagePage(Model):
    items: list[MessageOut]
    total: int
    page: int
    size: int


class AttemptOut(Model):
    at: datetime
    gateway: str
    outcome: str
    code: str
    detail: str


class MessageDetail(Model):
    message: MessageOut
    detail: str
    attempts: list[AttemptOut]


class TemplateIn(Model):
    name: str = Field(min_length=1, max_length=60)
    subject: str = Field(default="", max_length=40)
    body: str = Field(min_length=1, max_length=2000, examples=["[{company}] {link}"])
    active: bool = True


class TemplateOut(Model):
    id: int
    name: str
    subject: str
    body: str
    active: bool


class TemplateList(Model):
    items: list[TemplateOut]


class OptionsOut(Model):
    """What the operator's dialog needs. `left_today`: how many messages the operator may still send."""

    enabled: bool
    left_today: int
    leaves: bool
    templates: list[TemplateOut]


class SettingsBody(Model):
    enabled: bool
    long_allowed: bool
    operator_day: int = Field(ge=1, le=500)
    number_day: int = Field(ge=1, le=20)
    company_month: int = Field(ge=1, le=1_000_000)
    prefixes: list[str] = Field(min_length=1, max_length=40, examples=[["+8210"]])


class KindField(Model):
    """One field of a provider's form. `type`: text, lines, number, switch, choice or secret."""

    name: str
    type: str
    required: bool
    default: Value
    choices: list[str]
    example: str


class KindOut(Model):
    name: str
    counting: str
    callbacks: bool
    fields: list[KindField]


class KindList(Model):
    items: list[KindOut]


class GatewayIn(Model):
    name: str = Field(min_length=1, max_length=60)
    sender: str = Field(min_length=1, max_length=40, examples=["0212345678"])
    enabled: bool = True
    settings: dict[str, Value] = Field(examples=[{"url": "https://sms.example.com/send"}])


class NewGateway(GatewayIn):
    kind: str = Field(max_length=32, examples=["http"])


class GatewayOut(Model):
    """`secrets`: names of the secrets that are set. `callback`: the path that the provider may call, where it can; only
    administrators see it. `broken`: the secrets do not open under this server's key and have to be entered again."""

    id: int
    kind: str
    name: str
    sender: str
    enabled: bool
    settings: dict[str, Value]
    secrets: list[str]
    callback: str | None
    broken: bool


class GatewayList(Model):
    items: list[GatewayOut]


class GatewayOrder(Model):
    order: list[RowId] = Field(max_length=configuration.MAX_GATEWAYS)


def measured(measure: Measure) -> MeasureOut:
    return MeasureOut(
        encoding=measure.encoding,
        kind=measure.kind,
        used=measure.used,
        limit=measure.limit,
        parts=measure.parts,
        unsendable=list(measure.unsendable[:20]),
        fits=measure.fits,
    )


def described_draft(draft: Draft) -> PreviewOut:
    name = draft.gateway.name if draft.gateway else None
    return PreviewOut(
        subject=draft.words.subject,
        text=draft.words.body,
        measure=measured(draft.measure),
        gateway=name,
        leaves=name is not None,
    )


def described(db: Session, row: SmsMessage) -> MessageOut:
    gateway = db.get_one(SmsGateway, row.gateway_id).name if row.gateway_id is not None else None
    return MessageOut(
        id=row.id,
        created_at=row.created_at,
        operator=db.get_one(Account, row.account_id).display_name,
        session=row.session_id,
        to=numbers.masked(row.to),
        template=row.template,
        subject=row.subject,
        text=row.text,
        kind=row.kind,
        parts=row.parts,
        state=row.state,
        code=row.code,
        gateway=gateway,
        accepted_at=row.accepted_at,
        delivered_at=row.delivered_at,
    )


def detail(db: Session, row: SmsMessage) -> MessageDetail:
    query = select(SmsAttempt).where(SmsAttempt.message_id == row.id).order_by(SmsAttempt.id)
    tries = [
        AttemptOut(
            at=each.at,
            gateway=db.get_one(SmsGateway, each.gateway_id).name,
            outcome=each.outcome,
            code=each.code,
            detail=each.detail,
        )
        for each in db.scalars(query)
    ]
    return MessageDetail(message=described(db, row), detail=row.detail, attempts=tries)


def described_template(row: SmsTemplate) -> TemplateOut:
    return TemplateOut(id=row.id, name=row.name, subject=row.subject, body=row.body, active=row.active)


def described_settings(row: SmsSettings) -> SettingsBody:
    return SettingsBody.model_validate({name: getattr(row, name) for name in SettingsBody.model_fields})


def described_gateway(row: SmsGateway, sealer: Sealer, caller: Caller) -> GatewayOut:
    kind = KINDS.get(row.kind)
    try:
        secrets, broken = configuration.set_secrets(row, sealer), kind is None
    except SealBroken:
        secrets, broken = [], True
    calls = kind is not None and kind.callbacks and caller.role is Role.ADMIN
    return GatewayOut(
        id=row.id,
        kind=row.kind,
        name=row.name,
        sender=row.sender,
        enabled=row.enabled,
        settings=row.settings,
        secrets=secrets,
        callback=CALLBACK_PATH + row.callback if calls else None,
        broken=broken,
    )


def described_kind(kind: GatewayKind) -> KindOut:
    schema = kind.settings.model_json_schema()
    required, defs = schema.get("required", ()), schema.get("$defs", {})
    fields = [_field(name, part, name in required, defs) for name, part in schema.get("properties", {}).items()]
    return KindOut(name=kind.name, counting=kind.counting, callbacks=kind.callbacks, fields=fields)


def _field(name: str, part: Mapping[str, Any], required: bool, defs: Mapping[str, Any]) -> KindField:
    core = _core(part, defs)
    default = part.get("default")
    return KindField(
        name=name,
        type=_type({**core, **part}, core),
        required=required,
        default=default if isinstance(default, str | int | bool) else None,
        choices=[str(choice) for choice in core.get("enum", ())],
        example=str(next(iter(part.get("examples", ())), "")),
    )


def _core(part: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that says the type: behind a reference, or beside "null"."""
    if "$ref" in part:
        return _core(defs[part["$ref"].rpartition("/")[2]], defs)
    kinds = [each for each in part.get("anyOf", ()) if each.get("type") != "null"]
    return _core(kinds[0], defs) if kinds else part


def _type(part: Mapping[str, Any], core: Mapping[str, Any]) -> str:
    if core.get("format") == "password":
        return "secret"
    if "enum" in core:
        return "choice"
    if part.get("multiline"):
        return "lines"
    return {"integer": "number", "boolean": "switch"}.get(str(core.get("type")), "text")
