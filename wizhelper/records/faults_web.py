"""Routes of fault types: everybody reads them, administrators keep them (ADM-FAULT). They are never removed: records name them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.http.api import ADMINS, ANYONE, Call, Model, Routes
from wizhelper.http.errors import ApiError
from wizhelper.records.model import FaultType
from wizhelper.store import audit
from wizhelper.store.database import Database

MAX_TYPES = 200


class FaultTypeIn(Model):
    code: str = Field(min_length=1, max_length=32, pattern=r"^[a-z0-9_-]+$", examples=["keyboard"])
    name: str = Field(min_length=1, max_length=100)


class FaultTypePatch(Model):
    name: str = Field(min_length=1, max_length=100)
    active: bool


class FaultTypeOut(Model):
    id: int
    code: str
    name: str
    active: bool


class FaultTypeList(Model):
    items: list[FaultTypeOut]


def described(row: FaultType) -> FaultTypeOut:
    return FaultTypeOut(id=row.id, code=row.code, name=row.name, active=row.active)


def _add(session: Session, company: int, form: FaultTypeIn) -> FaultType:
    of_company = FaultType.company_id == company
    if session.scalar(select(FaultType.id).where(of_company, FaultType.code == form.code)) is not None:
        raise ApiError("CODE_TAKEN", fields={"code": "taken"})
    if (session.scalar(select(func.count()).select_from(FaultType).where(of_company)) or 0) >= MAX_TYPES:
        raise ApiError("FAULT_TYPE_LIMIT")
    row = FaultType(company_id=company, code=form.code, name=form.name)
    session.add(row)
    session.flush()
    return row


def make_routes(db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("fault types")

    def note(session: Session, call: Call[Any], action: str, row: FaultType) -> None:
        facts = {"code": row.code, "name": row.name, "active": row.active}
        audit.append(session, now(), call.caller.company, call.caller.actor, action, facts)

    @routes.get("/fault-types", roles=ANYONE, result=FaultTypeList)
    async def fault_types(call: Call[None]) -> FaultTypeList:
        """Fault types of the company, also those that are not offered any more."""
        query = select(FaultType).where(FaultType.company_id == call.caller.company).order_by(FaultType.code)
        return FaultTypeList(items=await db.read(lambda s: [described(row) for row in s.scalars(query)]))

    @routes.post("/fault-types", roles=ADMINS, body=FaultTypeIn, result=FaultTypeOut, status=201)
    async def add_fault_type(call: Call[FaultTypeIn]) -> FaultTypeOut:
        """Adds one; its code stays what it is."""

        def work(session: Session) -> FaultTypeOut:
            row = _add(session, call.caller.company, call.body)
            note(session, call, "fault_type.added", row)
            return described(row)

        return await db.run(work)

    @routes.put("/fault-types/<int:id>", roles=ADMINS, body=FaultTypePatch, result=FaultTypeOut)
    async def change_fault_type(call: Call[FaultTypePatch]) -> FaultTypeOut:
        """Another name, or no longer offered: records that name it keep it."""

        def work(session: Session) -> FaultTypeOut:
            row = session.get(FaultType, call.path["id"])
            if row is None or row.company_id != call.caller.company:
                raise ApiError("NOT_FOUND")
            row.name, row.active = call.body.name, call.body.active
            note(session, call, "fault_type.changed", row)
            return described(row)

        return await db.run(work)

    return routes
