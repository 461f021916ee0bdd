"""What a company has set up: limits, templates, and gateways in their order, whose secrets are sealed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.http.errors import ApiError
from wizhelper.settings.sealing import Sealer
from wizhelper.sms import words
from wizhelper.sms.gateway import Counting, GatewayKind
from wizhelper.sms.kinds import KINDS
from wizhelper.sms.model import SmsGateway, SmsSettings, SmsTemplate

MAX_GATEWAYS = 20
MAX_TEMPLATES = 50


def settings_of(db: Session, company: int) -> SmsSettings:
    """The company's limits; at first use they are made, with templates to begin with. Needs a writing transaction then."""
    found = db.get(SmsSettings, company)
    if found is None:
        found = SmsSettings(company_id=company)
        db.add(found)
        for each in words.DEFAULTS:
            db.add(SmsTemplate(company_id=company, name=each.name, subject=each.subject, body=each.body))
        db.flush()
    return found


# --- templates --------------------------------------------------------------------------------------------------------


def templates_of(db: Session, company: int) -> Sequence[SmsTemplate]:
    settings_of(db, company)
    query = select(SmsTemplate).where(SmsTemplate.company_id == company).order_by(SmsTemplate.id)
    return db.scalars(query).all()


def template_of(db: Session, company: int, template: int) -> SmsTemplate:
    """Raises ApiError("NOT_FOUND")."""
    row = db.get(SmsTemplate, template)
    if row is None or row.company_id != company:
        raise ApiError("NOT_FOUND")
    return row


def set_template(db: Session, row: SmsTemplate, new: words.Words, active: bool) -> SmsTemplate:
    """Fills a new or changed row. Raises ApiError: INVALID_FIELDS, SMS_TEMPLATE_LIMIT, CODE_TAKEN."""
    tidy = words.checked(new)
    others = select(SmsTemplate.id).where(SmsTemplate.company_id == row.company_id)
    if db.scalar(others.where(SmsTemplate.name == tidy.name, SmsTemplate.id != (row.id or 0))) is not None:
        raise ApiError("CODE_TAKEN", fields={"name": "taken"})
    if row.id is None and len(db.scalars(others).all()) >= MAX_TEMPLATES:
        raise ApiError("SMS_TEMPLATE_LIMIT")
    row.name, row.subject, row.body, row.active = tidy.name, tidy.subject, tidy.body, active
    db.add(row)
    db.flush()
    return row


# --- gateways ---------------------------------------------------------------------------------------------------------


def gateways_of(db: Session, company: int) -> Sequence[SmsGateway]:
    """In the order in which they are tried; those that are switched off, too."""
    here = (SmsGateway.company_id == company, SmsGateway.removed.is_(False))
    return db.scalars(select(SmsGateway).where(*here).order_by(SmsGateway.position, SmsGateway.id)).all()


def in_use(db: Session, company: int) -> list[SmsGateway]:
    return [row for row in gateways_of(db, company) if row.enabled and row.kind in KINDS]


def gateway_of(db: Session, company: int, gateway: int) -> SmsGateway:
    """Raises ApiError("NOT_FOUND")."""
    row = db.get(SmsGateway, gateway)
    if row is None or row.company_id != company or row.removed:
        raise ApiError("NOT_FOUND")
    return row


def counting_of(gateways: Sequence[SmsGateway]) -> Counting:
    """How the first gateway counts; where there is none, the Korean way."""
    return KINDS[gateways[0].kind].counting if gateways else Counting.CP949


def kind_of(name: str) -> GatewayKind:
    """Raises ApiError("INVALID_FIELDS")."""
    if name not in KINDS:
        raise ApiError("INVALID_FIELDS", fields={"kind": ", ".join(KINDS)})
    return KINDS[name]


def secret_names(kind: GatewayKind) -> list[str]:
    """Fields of its settings that are secret."""
    properties = kind.settings.model_json_schema().get("properties", {})
    return [name for name, field in properties.items() if _is_secret(field)]


def _is_secret(field: Mapping[str, Any]) -> bool:
    return field.get("format") == "password" or any(_is_secret(each) for each in field.get("anyOf", ()))


def add_gateway(db: Session, company: int, kind: str, now: datetime) -> SmsGateway:
    """A row to be filled by `set_gateway`. Raises ApiError: INVALID_FIELDS, SMS_GATEWAY_LIMIT."""
    kind_of(kind)
    if len(gateways_of(db, company)) >= MAX_GATEWAYS:
        raise ApiError("SMS_GATEWAY_LIMIT")
    last = db.scalar(select(func.max(SmsGateway.position)).where(SmsGateway.company_id == company)) or 0
    token = secrets.token_urlsafe(18)
    return SmsGateway(company_id=company, kind=kind, position=last + 1, callback=token, changed_at=now)


def set_gateway(
    db: Session, row: SmsGateway, sealer: Sealer, name: str, sender: str, enabled: bool, values: Mapping[str, Any]
) -> SmsGateway:
    """A secret that is left out or empty stays what it was, unless the gateway moves to another server: there nobody
    sends a secret that he does not know himself. Raises ApiError("INVALID_FIELDS")."""
    kind = kind_of(row.kind)
    known = _secrets(row, sealer) if row.sealed else {}
    hidden = set(secret_names(kind))
    given = {name: value for name, value in values.items() if name not in hidden or value not in ("", None)}
    checked = _checked(kind, {**known, **given})
    if _servers(row.settings or {}) != _servers(checked.model_dump(mode="json")):
        _refuse_if_any(f"settings.{name}" for name in known if name not in given)
    plain = checked.model_dump(mode="json", exclude=hidden)
    sealed = {name: _revealed(getattr(checked, name)) for name in hidden}
    row.name, row.sender, row.enabled, row.settings = name, sender, enabled, plain
    # The seal names the row by its callback token, which it has before it has a number.
    row.sealed = sealer.seal(json.dumps(sealed), _seal_name(row))
    db.add(row)
    db.flush()
    return row


def _servers(settings: Mapping[str, Any]) -> list[str]:
    """Where the settings lead: the servers of addresses, and plain host names."""
    address, host = str(settings.get("url") or ""), str(settings.get("host") or "")
    return [urlsplit(address).netloc.lower(), host.lower()]


def _refuse_if_any(names: Iterable[str]) -> None:
    fields = dict.fromkeys(names, "enter it again: the address changed")
    if fields:
        raise ApiError("INVALID_FIELDS", fields=fields)


def opened_settings(row: SmsGateway, sealer: Sealer) -> BaseModel:
    """The settings as the driver takes them. Raises SealBroken; ApiError if they do not fit (any more)."""
    return _checked(kind_of(row.kind), {**row.settings, **_secrets(row, sealer)})


def remove_gateway(row: SmsGateway, now: datetime) -> None:
    """The row stays for the log; what opened the provider's door does not."""
    row.removed, row.enabled, row.settings, row.sealed, row.changed_at = True, False, {}, "", now


def reorder(db: Session, company: int, order: Sequence[int]) -> None:
    """`order`: every gateway of the company once. Raises ApiError("INVALID_FIELDS")."""
    rows = {row.id: row for row in gateways_of(db, company)}
    if sorted(order) != sorted(rows):
        raise ApiError("INVALID_FIELDS", fields={"order": "every gateway once"})
    for position, gateway in enumerate(order, start=1):
        rows[gateway].position = position


def _checked(kind: GatewayKind, values: Mapping[str, Any]) -> BaseModel:
    known = {name: value for name, value in values.items() if name in kind.settings.model_fields}
    unknown = {f"settings.{name}": "unknown" for name in values if name not in known}
    if unknown:
        raise ApiError("INVALID_FIELDS", fields=unknown)
    try:
        return kind.settings.model_validate(known)
    except ValidationError as problem:
        found = {".".join(["settings", *map(str, e["loc"])]): e["msg"] for e in problem.errors(include_input=False)}
        raise ApiError("INVALID_FIELDS", fields=found) from None


def _secrets(row: SmsGateway, sealer: Sealer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sealer.open(row.sealed, _seal_name(row)))
    return {name: value for name, value in found.items() if value is not None}


def set_secrets(row: SmsGateway, sealer: Sealer) -> list[str]:
    """Names of the secrets that are there; never their values."""
    return sorted(name for name, value in _secrets(row, sealer).items() if value)


def _revealed(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _seal_name(row: SmsGateway) -> str:
    return f"sms gateway {row.company_id} {row.callback}"
