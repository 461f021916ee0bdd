"""Routes of registered devices: enrolment, the device window, and the administration of devices, groups and tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.devices import access, reach, rules, view
from wizhelper.devices.access_web import add_access_routes, add_visit_routes
from wizhelper.devices.groups_web import add_group_routes
from wizhelper.devices.jobs_web import add_job_routes
from wizhelper.devices.model import Device, DeviceEventKind, DeviceGroup, DeviceSettings, EnrolmentToken, Status
from wizhelper.devices.service import Devices
from wizhelper.devices.updates_web import add_update_routes
from wizhelper.http.api import ADMINS, OPERATORS, PUBLIC, READERS, Call, Routes
from wizhelper.http.errors import ApiError
from wizhelper.protocol.device import About, enrolment_text, from_hex
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES, SIGNATURE_BYTES, verify_signature
from wizhelper.records.view import SessionOut
from wizhelper.store import audit
from wizhelper.support.rules import operator

#: Who may see devices at all.
VIEWERS = READERS | OPERATORS
MAX_PAGE = 1000
MAX_SEARCH = 100
ORDERS: dict[str, Any] = {
    "name": Device.name,
    "model": Device.model,
    "registered": Device.registered_at.desc(),
    "seen": Device.last_seen_at.desc(),
}


def _page(call: Call[None]) -> tuple[int, int]:
    try:
        page, size = int(call.query.get("page", "1")), int(call.query.get("size", "50"))
    except ValueError:
        raise ApiError("INVALID_FIELDS", fields={"page": "a number"}) from None
    if not (1 <= page <= 1_000_000 and 1 <= size <= MAX_PAGE):
        raise ApiError("INVALID_FIELDS", fields={"size": f"1..{MAX_PAGE}"})
    return page, size


def _conditions(db: Session, call: Call[None]) -> list[ColumnElement[bool]]:
    """`status` (active), `group` (a number, or "none"), `q`: part of name, model, PC name, or a registration date."""
    status = call.query.get("status", Status.ACTIVE)
    if status not in (Status.ACTIVE, Status.PENDING):
        raise ApiError("INVALID_FIELDS", fields={"status": "active or pending"})
    found = [Device.company_id == call.caller.company, Device.status == status, reach.condition(db, call.caller)]
    group = call.query.get("group", "")
    if group == "none":
        found.append(Device.group_id.is_(None))
    elif group:
        if not group.isascii() or not group.isdigit() or len(group) > 9:
            raise ApiError("INVALID_FIELDS", fields={"group": "a number"})
        found.append(Device.group_id == int(group))
    if text := call.query.get("q", "")[:MAX_SEARCH].strip():
        like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (Device.name, Device.model, Device.host_name)
        found.append(or_(*(c.ilike(like, escape="\\") for c in columns)))
    return found


def _list(db: Session, call: Call[None], online: frozenset[str]) -> view.DevicePage:
    page, size = _page(call)
    order = ORDERS.get(call.query.get("sort", "name"))
    if order is None:
        raise ApiError("INVALID_FIELDS", fields={"sort": ", ".join(ORDERS)})
    where = _conditions(db, call)
    total = db.scalar(select(func.count()).select_from(Device).where(*where)) or 0
    query = select(Device).where(*where).order_by(order, Device.id).limit(size).offset((page - 1) * size)
    items = [view.described(row, row.id in online) for row in db.scalars(query)]
    return view.DevicePage(items=items, total=total, page=page, size=size)


def _detail(db: Session, row: Device, online: bool) -> view.DeviceDetail:
    return view.DeviceDetail(
        device=view.described(row, online),
        user_name=row.user_name,
        agent_version=row.agent_version,
        key=row.key,
        approval=row.approval,
        answer_s=row.answer_s,
        effective=rules.effective(db, row)[0],
        access=access.body_of(row.access),
        effective_access=access.effective(db, row),
        connections=view.connections(db, row.id),
        events=view.happened(db, row.id),
    )


def _enrolment(form: view.EnrolIn) -> rules.Enrolment:
    """Raises ApiError("BAD_REQUEST") unless the form is signed by the key that it names."""
    try:
        key = from_hex(form.key, KEY_BYTES, "BAD_REQUEST")
        signature = from_hex(form.signature, SIGNATURE_BYTES, "BAD_REQUEST")
        verify_signature(key, signature, enrolment_text(form.company, form.name, form.group, key))
    except RemoteProtocolError:
        raise ApiError("BAD_REQUEST") from None
    said = form.about
    about = About("", said.version, said.host_name, said.user_name, said.os, said.os_version)
    return rules.Enrolment(form.company, form.name, form.group, form.token, form.key, about)


def _note(db: Session, devices: Devices, call: Call[Any], action: str, **facts: Any) -> None:
    audit.append(db, devices.now(), call.caller.company, call.caller.actor, action, facts)


def make_routes(devices: Devices) -> Routes:
    routes = Routes("devices")
    _add_enrolment(routes, devices)
    _add_devices(routes, devices)
    _add_groups(routes, devices)
    add_group_routes(routes, devices)
    add_access_routes(routes, devices)
    add_visit_routes(routes, devices)
    add_job_routes(routes, devices)
    add_update_routes(routes, devices)
    _add_tokens(routes, devices)
    return routes


def _add_enrolment(routes: Routes, devices: Devices) -> None:
    @routes.post("/devices/enrol", roles=PUBLIC, body=view.EnrolIn, result=view.EnrolOut, status=201)
    async def enrol(call: Call[view.EnrolIn]) -> view.EnrolOut:
        """Registers a PC: at once with a token, else it waits for approval."""
        device, company, organisation = await devices.enrol(_enrolment(call.body), call.address)
        return view.EnrolOut(
            device=device.id,
            standing=device.status,
            company=company,
            name=device.name,
            organisation=organisation,
        )

    @routes.post("/devices/enrol/groups", roles=PUBLIC, body=view.OfferedGroupsIn, result=view.OfferedGroupsOut)
    async def offered_groups(call: Call[view.OfferedGroupsIn]) -> view.OfferedGroupsOut:
        """The groups that a PC may be registered into (AG-GROUP-FIRST); restricted ones only with a token."""
        company, groups = await devices.offered_groups(call.body.company, call.body.token, call.address)
        return view.OfferedGroupsOut(company=company, groups=groups)

    @routes.post("/devices/<uuid:id>/approve", roles=ADMINS)
    async def approve(call: Call[None]) -> None:
        """Lets a waiting device in."""
        await devices.decide(call.caller.company, call.caller.account, str(call.path["id"]), True)

    @routes.post("/devices/<uuid:id>/reject", roles=ADMINS)
    async def reject(call: Call[None]) -> None:
        """Turns a waiting device away."""
        await devices.decide(call.caller.company, call.caller.account, str(call.path["id"]), False)


def _add_devices(routes: Routes, devices: Devices) -> None:
    presence = devices.presence

    @routes.get("/devices", roles=VIEWERS, result=view.DevicePage)
    async def list_devices(call: Call[None]) -> view.DevicePage:
        """Devices of the own company; by status, group and text (DEV-LIST, DEV-SEARCH)."""
        online = presence.all_online()
        return await devices.db.read(lambda db: _list(db, call, online))

    @routes.get("/devices/<uuid:id>", roles=VIEWERS, result=view.DeviceDetail)
    async def one(call: Call[None]) -> view.DeviceDetail:
        """A device with its recent connections (DEV-INFO, DEV-RECENT)."""
        device_id = str(call.path["id"])

        def work(db: Session) -> view.DeviceDetail:
            row = reach.device_for(db, call.caller, device_id, Status.ACTIVE, Status.PENDING)
            return _detail(db, row, presence.online(device_id))

        return await devices.db.read(work)

    @routes.patch("/devices/<uuid:id>", roles=ADMINS | OPERATORS, body=view.DevicePatch, result=view.DeviceDetail)
    async def edit(call: Call[view.DevicePatch]) -> view.DeviceDetail:
        """Name, model and memo (DEV-EDIT)."""
        device_id, patch = str(call.path["id"]), call.body

        def work(db: Session) -> view.DeviceDetail:
            row = reach.device_for(db, call.caller, device_id, Status.ACTIVE, Status.PENDING)
            row.name = row.name if patch.name is None else rules.clean_name(patch.name)
            row.model = row.model if patch.model is None else rules.clean_name(patch.model, "model", empty=True)
            row.memo = row.memo if patch.memo is None else patch.memo
            facts = patch.model_dump(exclude_none=True)
            rules.note(db, devices.now(), row, DeviceEventKind.CHANGED, operator(call.caller.account), **facts)
            db.flush()
            return _detail(db, row, presence.online(device_id))

        changed = await devices.db.run(work)
        presence.tell_again(call.caller.company, device_id)
        return changed

    @routes.put("/devices/<uuid:id>/place", roles=ADMINS, body=view.DevicePlace, result=view.DeviceDetail)
    async def place(call: Call[view.DevicePlace]) -> view.DeviceDetail:
        """The device's group, and its own rule of approval."""
        device_id, form = str(call.path["id"]), call.body

        def work(db: Session) -> view.DeviceDetail:
            row = rules.device_of(db, call.caller.company, device_id, Status.ACTIVE, Status.PENDING)
            group = rules.group_of(db, row.company_id, form.group_id) if form.group_id is not None else None
            row.group_id = group.id if group else None
            row.approval, row.answer_s = form.approval, form.answer_s
            facts = form.model_dump()
            rules.note(db, devices.now(), row, DeviceEventKind.CHANGED, operator(call.caller.account), **facts)
            db.flush()
            return _detail(db, row, presence.online(device_id))

        changed = await devices.change(call.caller.company, work)
        presence.tell_again(call.caller.company, device_id)
        return changed

    @routes.delete("/devices/<uuid:id>", roles=ADMINS)
    async def unregister(call: Call[None]) -> None:
        """Unregisters a device: its key opens nothing any more, at once."""
        await devices.remove(call.caller.company, operator(call.caller.account), str(call.path["id"]))

    @routes.post("/devices/<uuid:id>/connect", roles=OPERATORS, result=SessionOut)
    async def connect(call: Call[None]) -> SessionOut:
        """Opens a session with a device that is online (DEV-CONNECT)."""
        return await devices.connect(call.caller, str(call.path["id"]))


def _add_groups(routes: Routes, devices: Devices) -> None:
    @routes.get("/device-groups", roles=VIEWERS, result=view.GroupList)
    async def list_groups(call: Call[None]) -> view.GroupList:
        """The groups that the caller reaches, as a flat list (DEV-GROUP)."""

        def work(db: Session) -> list[view.GroupOut]:
            shut, teams = reach.closed(db, call.caller), reach.teams_of(db, call.caller.company)
            groups = (g for g in rules.groups_of(db, call.caller.company) if g.id not in shut)
            return [view.described_group(g, teams.get(g.id)) for g in groups]

        return view.GroupList(items=await devices.db.read(work))

    @routes.post("/device-groups", roles=ADMINS, body=view.GroupIn, result=view.GroupOut, status=201)
    async def add_group(call: Call[view.GroupIn]) -> view.GroupOut:
        """Adds a group."""
        company, form = call.caller.company, call.body

        def work(db: Session) -> view.GroupOut:
            if len(rules.groups_of(db, company)) >= rules.MAX_GROUPS:
                raise ApiError("INVALID_FIELDS", fields={"name": f"at most {rules.MAX_GROUPS} groups"})
            row = DeviceGroup(company_id=company, approval=form.approval, answer_s=form.answer_s)
            rules.set_group(db, row, form.name, form.parent_id)
            db.add(row)
            db.flush()
            _note(db, devices, call, "device_group.added", num=row.id, **form.model_dump())
            return view.described_group(row)

        return await devices.db.run(work)

    @routes.put("/device-groups/<int:num>", roles=ADMINS, body=view.GroupIn, result=view.GroupOut)
    async def change_group(call: Call[view.GroupIn]) -> view.GroupOut:
        """Renames or moves a group, or changes its rule of approval."""
        company, form = call.caller.company, call.body

        def work(db: Session) -> view.GroupOut:
            row = rules.group_of(db, company, call.path["num"])
            rules.set_group(db, row, form.name, form.parent_id)
            row.approval, row.answer_s = form.approval, form.answer_s
            _note(db, devices, call, "device_group.changed", num=row.id, **form.model_dump())
            return view.described_group(row, reach.teams_of(db, company).get(row.id))

        return await devices.change(company, work)

    @routes.delete("/device-groups/<int:num>", roles=ADMINS)
    async def remove_group(call: Call[None]) -> None:
        """Removes a group; what is in it moves up."""
        company = call.caller.company

        def work(db: Session) -> None:
            row = rules.group_of(db, company, call.path["num"])
            _note(db, devices, call, "device_group.removed", num=row.id, name=row.name)
            rules.remove_group(db, row)

        await devices.change(company, work)

    @routes.get("/device-settings", roles=READERS, result=view.SettingsBody)
    async def settings(call: Call[None]) -> view.SettingsBody:
        """The company's rule of approval for its devices."""
        row = await devices.db.read(lambda db: rules.settings_of(db, call.caller.company))
        return view.SettingsBody.model_validate({"approval": str(row.approval), "answer_s": row.answer_s})

    @routes.put("/device-settings", roles=ADMINS, body=view.SettingsBody, result=view.SettingsBody)
    async def save_settings(call: Call[view.SettingsBody]) -> view.SettingsBody:
        """Changes it; devices that are linked are told at once."""
        company, form = call.caller.company, call.body

        def work(db: Session) -> None:
            db.merge(DeviceSettings(company_id=company, approval=form.approval, answer_s=form.answer_s))
            _note(db, devices, call, "device_settings.changed", **form.model_dump())

        await devices.change(company, work)
        return form


def _add_tokens(routes: Routes, devices: Devices) -> None:
    @routes.get("/enrolment-tokens", roles=ADMINS, result=view.TokenList)
    async def list_tokens(call: Call[None]) -> view.TokenList:
        """Tokens that still let devices in; not their secrets."""
        query = select(EnrolmentToken).where(
            EnrolmentToken.company_id == call.caller.company,
            EnrolmentToken.expires_at > devices.now(),
            EnrolmentToken.uses_left > 0,
        )
        ordered = query.order_by(EnrolmentToken.id.desc()).limit(200)
        return view.TokenList(
            items=await devices.db.read(lambda db: [view.described_token(t) for t in db.scalars(ordered)])
        )

    @routes.post("/enrolment-tokens", roles=ADMINS, body=view.TokenIn, result=view.TokenMade, status=201)
    async def add_token(call: Call[view.TokenIn]) -> view.TokenMade:
        """Makes a token for the roll-out of devices; its secret is shown this once."""
        who, form = call.caller, call.body

        def work(db: Session) -> view.TokenMade:
            lifetime = timedelta(hours=form.hours)
            row, secret = rules.make_token(db, devices.now(), who.company, who.account, form.label, form.uses, lifetime)
            _note(db, devices, call, "enrolment_token.added", num=row.id, **form.model_dump())
            return view.TokenMade(token=view.described_token(row), secret=secret)

        return await devices.db.run(work)

    @routes.delete("/enrolment-tokens/<int:num>", roles=ADMINS)
    async def revoke_token(call: Call[None]) -> None:
        """Takes a token back."""

        def work(db: Session) -> None:
            row = db.get(EnrolmentToken, call.path["num"])
            if row is None or row.company_id != call.caller.company:
                raise ApiError("NOT_FOUND")
            _note(db, devices, call, "enrolment_token.removed", num=row.id, label=row.label)
            db.delete(row)

        await devices.db.run(work)
