"""Routes of the company's settings and consent texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.http.api import ADMINS, READERS, Call, Model, Routes
from wizhelper.settings import rights, service
from wizhelper.settings.model import HOUR, MINUTE, Company, ConsentText
from wizhelper.store import audit
from wizhelper.store.database import Database

DAY = 24 * HOUR


class CompanySettings(Model):
    name: str = Field(min_length=1, max_length=100)
    time_zone: str
    contact: str = Field(max_length=2000)
    page_mode: Literal["number", "pick", "both"]
    consent_enabled: bool
    number_digits: int = Field(ge=4, le=9)
    waiting_idle_s: int = Field(ge=MINUTE, le=DAY)
    login_idle_s: int = Field(ge=5 * MINUTE, le=DAY)
    session_idle_s: int = Field(ge=5 * MINUTE, le=DAY)
    sas_policy: Literal["off", "shown", "required"]
    approval: bool
    survey_enabled: bool
    chat_kept: bool = Field(False, description="Chat is kept with the record; operator and customer are told in the chat.")
    rights: dict[str, bool] = Field(description="Right -> whether sessions ask for it; rights left out keep their default.")

    @field_validator("rights")
    @classmethod
    def _known_rights(cls, value: dict[str, bool]) -> dict[str, bool]:
        if not set(value) <= set(rights.DEFAULTS):
            raise ValueError("unknown right")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as problem:
            raise ValueError("unknown time zone") from problem
        return value


class CompanyOut(CompanySettings):
    code: str


class ConsentIn(Model):
    lang: Literal["ko", "en"]
    body: str = Field(min_length=1, max_length=20_000)


class ConsentOut(Model):
    id: int
    version: int
    lang: str
    body: str
    created_at: datetime
    current: bool


class ConsentList(Model):
    items: list[ConsentOut]


def described(company: Company) -> CompanyOut:
    found = {name: getattr(company, name) for name in CompanyOut.model_fields}
    return CompanyOut.model_validate({**found, "rights": rights.effective(company.rights)}, strict=False)


def make_routes(db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("company")

    @routes.get("/company", roles=READERS, result=CompanyOut)
    async def company(call: Call[None]) -> CompanyOut:
        """The company's settings."""
        return await db.read(lambda s: described(service.company_by_id(s, call.caller.company)))

    @routes.put("/company", roles=ADMINS, body=CompanySettings, result=CompanyOut)
    async def change_company(call: Call[CompanySettings]) -> CompanyOut:
        """Changes them (ADM-SET, ADM-MODE, ADM-CONSENT)."""

        def work(session: Session) -> CompanyOut:
            found = service.company_by_id(session, call.caller.company)
            before = described(found).model_dump()
            for name, value in call.body.model_dump().items():
                setattr(found, name, value)
            changed = {k: [before[k], v] for k, v in call.body.model_dump().items() if before[k] != v}
            audit.append(session, now(), found.id, call.caller.actor, "company.changed", changed)
            return described(found)

        return await db.run(work)

    @routes.get("/consent-texts", roles=READERS, result=ConsentList)
    async def consent_texts(call: Call[None]) -> ConsentList:
        """All versions of the consent text, newest first."""
        return ConsentList(items=await db.read(lambda s: _consent_texts(s, call.caller.company)))

    @routes.post("/consent-texts", roles=ADMINS, body=ConsentIn, result=ConsentOut, status=201)
    async def add_consent_text(call: Call[ConsentIn]) -> ConsentOut:
        """Adds a version; it is the current one from now on."""

        def work(session: Session) -> ConsentOut:
            text = service.add_consent_text(session, now(), call.caller.company, call.body.lang, call.body.body)
            facts = {"lang": text.lang, "version": text.version, "hash": text.hash}
            audit.append(session, now(), call.caller.company, call.caller.actor, "consent_text.added", facts)
            return _consent_out(text, current=True)

        return await db.run(work)

    return routes


def _consent_out(text: ConsentText, *, current: bool) -> ConsentOut:
    return ConsentOut(
        id=text.id, version=text.version, lang=text.lang, body=text.body, created_at=text.created_at, current=current
    )


def _consent_texts(session: Session, company: int) -> list[ConsentOut]:
    newest = session.execute(
        select(ConsentText.lang, func.max(ConsentText.version))
        .where(ConsentText.company_id == company)
        .group_by(ConsentText.lang)
    )
    current = {row[0]: row[1] for row in newest}
    rows = session.scalars(select(ConsentText).where(ConsentText.company_id == company).order_by(ConsentText.id.desc()))
    return [_consent_out(t, current=current[t.lang] == t.version) for t in rows]
