"""Routes: who reaches a device group, and moving many devices at once (ADM-GROUP)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from wizhelper.devices import reach, rules, view
from wizhelper.devices.model import Device, DeviceEvent, DeviceEventKind
from wizhelper.devices.service import Devices
from wizhelper.http.api import ADMINS, Call, Routes
from wizhelper.store import audit


def add_group_routes(routes: Routes, devices: Devices) -> None:
    @routes.put("/device-groups/<int:num>/teams", roles=ADMINS, body=view.GroupTeams, result=view.GroupOut)
    async def set_teams(call: Call[view.GroupTeams]) -> view.GroupOut:
        """Which operator groups reach the devices of a group and of those below it."""
        caller, form = call.caller, call.body

        def work(db: Session) -> view.GroupOut:
            row = rules.group_of(db, caller.company, call.path["num"])
            reach.set_teams(db, row, form.restricted, form.teams)
            facts = {"num": row.id, "name": row.name, **form.model_dump()}
            audit.append(db, devices.now(), caller.company, caller.actor, "device_group.teams_set", facts)
            return view.described_group(row, reach.teams_of(db, caller.company).get(row.id))

        return await devices.db.run(work)

    @routes.post("/devices/move", roles=ADMINS, body=view.DeviceMove, result=view.Moved)
    async def move(call: Call[view.DeviceMove]) -> view.Moved:
        """Moves devices into one group, all or none."""
        caller, form = call.caller, call.body

        def work(db: Session) -> list[str]:
            moved = reach.move(db, caller.company, form.devices, form.group_id)
            ids = [_moved(db, row, devices, caller.actor) for row in moved]
            facts = {"group": form.group_id, "count": len(ids), "devices": ids}
            audit.append(db, devices.now(), caller.company, caller.actor, "device.moved", facts)
            return ids

        ids = await devices.change(caller.company, work)
        for device_id in ids:
            devices.presence.tell_again(caller.company, device_id)
        return view.Moved(moved=len(ids))


def _moved(db: Session, row: Device, devices: Devices, actor: str) -> str:
    """In its history; one line for all stands in the audit chain."""
    data = {"group_id": row.group_id}
    db.add(DeviceEvent(device_id=row.id, at=devices.now(), kind=DeviceEventKind.CHANGED, actor=actor, data=data))
    return row.id
