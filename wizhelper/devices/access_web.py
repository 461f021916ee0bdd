"""Routes: rules of access by level, and visits with a reason and a second person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import Field
from sqlalchemy.orm import Session

from wizhelper.devices import access, policy, reach, rules, visits
from wizhelper.devices.access import AccessChange
from wizhelper.devices.model import Device, DeviceGroup, DeviceSettings, Status
from wizhelper.devices.service import Devices
from wizhelper.devices.work_model import DeviceVisit
from wizhelper.http.api import ADMINS, MANAGERS, OPERATORS, READERS, Call, Caller, Model, Routes
from wizhelper.protocol.device_access import MAX_REASON
from wizhelper.store import audit

VIEWERS = READERS | OPERATORS


class VisitIn(Model):
    reason: str = Field(max_length=MAX_REASON)


class VisitOut(Model):
    """`state`: waiting, approved, refused, used or expired; `own`: the caller asked."""

    id: str
    device: str
    device_name: str
    asked_by: str
    own: bool
    reason: str
    state: str
    asked_at: datetime
    due_at: datetime
    decided_by: str


class VisitList(Model):
    items: list[VisitOut]


def described(db: Session, now: datetime, caller: Caller, row: DeviceVisit, device: Device) -> VisitOut:
    return VisitOut(
        id=row.id,
        device=row.device_id,
        device_name=device.name,
        asked_by=visits.name_of(db, row.asked_by),
        own=row.asked_by == caller.account,
        reason=row.reason,
        state=visits.state_now(row, now),
        asked_at=row.asked_at,
        due_at=row.due_at,
        decided_by=visits.name_of(db, row.decided_by),
    )


def add_access_routes(routes: Routes, devices: Devices) -> None:
    async def change(call: Call[AccessChange], find: Callable[[Session], Device | DeviceGroup | DeviceSettings]) -> AccessChange:
        """Writes one level; linked devices are told at once."""
        caller, form = call.caller, call.body

        def work(db: Session) -> None:
            row = find(db)
            row.access = form.access.model_dump() if form.access else None
            db.add(row)
            level = {"device": row.id} if isinstance(row, Device) else {"group": getattr(row, "id", None)}
            audit.append(
                db, devices.now(), caller.company, caller.actor, "device_settings.access_set", {**level, **form.model_dump()}
            )

        await devices.change(caller.company, work)
        return form

    @routes.get("/device-settings/access", roles=READERS, result=AccessChange)
    async def company_access(call: Call[None]) -> AccessChange:
        """The company's rules of access; null: the defaults."""
        stored = await devices.db.read(lambda db: rules.settings_of(db, call.caller.company).access)
        return AccessChange(access=access.body_of(stored))

    @routes.put("/device-settings/access", roles=ADMINS, body=AccessChange, result=AccessChange)
    async def set_company(call: Call[AccessChange]) -> AccessChange:
        """Reason, second person, hours and actions for every device of the company."""
        return await change(call, lambda db: rules.settings_of(db, call.caller.company))

    @routes.put("/device-groups/<int:num>/access", roles=ADMINS, body=AccessChange, result=AccessChange)
    async def set_group(call: Call[AccessChange]) -> AccessChange:
        """The same for a group and what is below it."""
        return await change(call, lambda db: rules.group_of(db, call.caller.company, call.path["num"]))

    @routes.put("/devices/<uuid:id>/access", roles=ADMINS, body=AccessChange, result=AccessChange)
    async def set_device(call: Call[AccessChange]) -> AccessChange:
        """The same for one device."""
        wanted = (Status.ACTIVE, Status.PENDING)
        return await change(call, lambda db: rules.device_of(db, call.caller.company, str(call.path["id"]), *wanted))


def add_visit_routes(routes: Routes, devices: Devices) -> None:
    @routes.get("/device-visits", roles=VIEWERS, result=VisitList)
    async def list_visits(call: Call[None]) -> VisitList:
        """Visits of the last day at devices that the caller reaches."""
        now = devices.now()
        return VisitList(
            items=await devices.db.read(
                lambda db: [described(db, now, call.caller, v, d) for v, d in visits.listed(db, now, call.caller)]
            )
        )

    @routes.post("/devices/<uuid:id>/visits", roles=OPERATORS, body=VisitIn, result=VisitOut, status=201)
    async def ask(call: Call[VisitIn]) -> VisitOut:
        """Says why one wants to connect; where a second person is needed it waits for an answer."""
        caller, now = call.caller, devices.now()

        def work(db: Session) -> VisitOut:
            device = reach.device_for(db, caller, str(call.path["id"]))
            found = policy.policy_of(db, device).access
            return described(db, now, caller, visits.ask(db, now, caller, device, call.body.reason, found), device)

        made = await devices.db.run(work)
        devices.tell_visits(caller.company)
        return made

    async def decide(call: Call[None], accepted: bool) -> VisitOut:
        caller, now = call.caller, devices.now()

        def work(db: Session) -> VisitOut:
            row = visits.decide(db, now, caller, str(call.path["id"]), accepted)
            return described(db, now, caller, row, db.get_one(Device, row.device_id))

        decided = await devices.db.run(work)
        devices.tell_visits(caller.company)
        return decided

    @routes.post("/device-visits/<uuid:id>/approve", roles=MANAGERS | OPERATORS, result=VisitOut)
    async def approve_visit(call: Call[None]) -> VisitOut:
        """The second person's yes; nobody approves a visit of his own."""
        return await decide(call, True)

    @routes.post("/device-visits/<uuid:id>/refuse", roles=MANAGERS | OPERATORS, result=VisitOut)
    async def refuse_visit(call: Call[None]) -> VisitOut:
        """The second person's no."""
        return await decide(call, False)
