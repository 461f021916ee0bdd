"""Rules of actions on many devices: who may be asked, the neighbour that wakes a PC, what each came to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, ip_address
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.devices import access, reach, rollout
from wizhelper.devices.model import Device, Status
from wizhelper.devices.releases import Release
from wizhelper.devices.work_model import DeviceJob, DeviceResult, JobAction
from wizhelper.http.api import Caller
from wizhelper.protocol import device as wire
from wizhelper.store import audit

SENT, CALLED, DONE, FAILED = "sent", "called", "done", "failed"
#: What the device's own policy decides; the other actions change nothing that it could forbid.
BY_RULE = frozenset({JobAction.COMMAND, JobAction.WAKE})
ANSWER_LIMIT = timedelta(minutes=2)
AWAKE_LIMIT = timedelta(minutes=5)
#: A program is fetched by a slow line, and starts anew only when nobody is connected.
UPDATE_LIMIT = timedelta(minutes=30)


@dataclass(frozen=True)
class Order:
    """What is to be sent after the transaction."""

    device: str
    message: wire.ServerMessage


def start(
    db: Session, now: datetime, caller: Caller, action: JobAction, devices: Iterable[str], shell: str, command: str,
    online: frozenset[str], release: Release | None,
) -> tuple[DeviceJob, list[Order]]:
    """Raises ApiError("NOT_FOUND") if one of the devices is not reached, "NO_AGENT_RELEASE"; nothing is done then."""
    if action is JobAction.UPDATE:
        command = rollout.check_available(release.version if release else None)
    rows = [reach.device_for(db, caller, each) for each in dict.fromkeys(devices)]
    job = DeviceJob(id=str(uuid.uuid4()), company_id=caller.company, asked_by=caller.account, at=now, action=action)
    job.shell = shell if action is JobAction.COMMAND else ""
    job.command = command if action in (JobAction.COMMAND, JobAction.UPDATE) else ""
    db.add(job)
    db.flush()
    orders = [order for row in rows if (order := _begin(db, now, job, row, online, release)) is not None]
    facts = {"job": job.id, "what": str(action), "command": job.command, "devices": [row.id for row in rows]}
    audit.append(db, now, caller.company, caller.actor, "device_job.started", facts)
    return job, orders


def _begin(
    db: Session, now: datetime, job: DeviceJob, row: Device, online: frozenset[str], release: Release | None
) -> Order | None:
    """The device's result, and what is sent for it; a device that cannot be asked has its result at once."""
    result = DeviceResult(job_id=job.id, device_id=row.id, state=FAILED, at=now, exit_code=None, through=None)
    db.add(result)
    if row.cloned_at is not None:
        result.code = "DEVICE_CLONED"
    elif job.action in BY_RULE and job.action not in access.effective(db, row).actions:
        result.code = "NOT_ALLOWED"
    elif job.action == JobAction.WAKE:
        return _wake(db, job, row, result, online)
    elif row.id not in online:
        result.code = "DEVICE_OFFLINE"
    elif job.action == JobAction.UPDATE and not rollout.is_behind(row.agent_version, job.command):
        result.state = DONE
    else:
        result.state = SENT
        return Order(row.id, _message(job, row, now, release))
    return None


def _message(job: DeviceJob, row: Device, now: datetime, release: Release | None) -> wire.ServerMessage:
    if job.action == JobAction.RESTART:
        return wire.Restart(job.id)
    if job.action == JobAction.UPDATE and release is not None:
        rollout.offered(row, now, release.version)
        return wire.Update(job.id, release.signed)
    return wire.Task(job.id, job.shell, job.command)


def _wake(db: Session, job: DeviceJob, row: Device, result: DeviceResult, online: frozenset[str]) -> Order | None:
    if row.id in online:
        result.state = DONE
        return None
    helper = neighbour(db, row, online)
    if helper is None:
        result.code = "NO_NEIGHBOUR" if row.networks else "NO_NETWORK"
        return None
    result.state, result.through = SENT, helper.id
    return Order(helper.id, wire.Wake(f"{job.id} {row.id}", tuple(wire.Network(**each) for each in row.networks or [])))


def neighbour(db: Session, row: Device, online: frozenset[str]) -> Device | None:
    """An online device of the same company in the same network. Many shops have the same private network, so the address
    that the appliance sees has to be the same too, or to be of that network."""
    query = select(Device).where(
        Device.company_id == row.company_id, Device.status == Status.ACTIVE, Device.cloned_at.is_(None), Device.id != row.id
    )
    mine = _networks(row)
    found = (each for each in db.scalars(query.order_by(Device.id)) if each.id in online)
    return next((each for each in found if _beside(row, each, mine & _networks(each))), None)


def _networks(row: Device) -> set[str]:
    return {each["network"] for each in row.networks or []}


def _beside(row: Device, other: Device, shared: set[str]) -> bool:
    if not shared or row.address == other.address:
        return bool(shared)
    return any(_inside(row.address, each) and _inside(other.address, each) for each in shared)


def _inside(address: str, network: str) -> bool:
    try:
        return ip_address(address) in IPv4Network(network)
    except ValueError:
        return False


def keep_networks(row: Device, told: wire.Networks) -> None:
    """What a device says of itself: nonsense is left out."""
    kept: list[dict[str, str]] = []
    for each in told.networks[: wire.MAX_NETWORKS]:
        try:
            network = IPv4Network(each.network)
            fine = str(network.broadcast_address) == each.broadcast and len(each.mac) == 17
        except ValueError:
            continue
        if fine and not network.is_loopback and network.prefixlen >= 8:
            kept.append({"mac": each.mac, "network": each.network, "broadcast": each.broadcast})
    row.networks = kept


def done(db: Session, now: datetime, device: str, told: wire.TaskDone) -> None:
    """An answer; of a task that this device was not given, nothing."""
    job, _, target = told.task.partition(" ")
    result = db.get(DeviceResult, (job, target or device))
    if result is None or result.state != SENT or (result.through or result.device_id) != device:
        return
    result.at, result.code = now, told.code[:32]
    if target or db.get_one(DeviceJob, job).action == JobAction.RESTART:
        result.state = FAILED if told.code else CALLED
        return
    result.state, result.exit_code = FAILED if told.code else DONE, told.exit
    result.output = told.output.replace("\0", "")[: wire.MAX_OUTPUT_BYTES]


def updated(db: Session, now: datetime, device: str, told: wire.Updated) -> None:
    """The new version is there and runs soon, or the device does not take it."""
    if told.code == rollout.ROLLED_BACK and not told.task:
        _went_back(db, now, device, told.version)
        return
    result = db.get(DeviceResult, (told.task, device)) if told.task else None
    if result is not None and result.state == SENT:
        result.state, result.code, result.at = FAILED if told.code else CALLED, told.code[:32], now


def _went_back(db: Session, now: datetime, device: str, version: str) -> None:
    query = select(DeviceResult).join(DeviceJob, DeviceJob.id == DeviceResult.job_id)
    mine = query.where(DeviceResult.device_id == device, DeviceResult.state.in_([SENT, CALLED]))
    for result in db.scalars(mine.where(DeviceJob.action == JobAction.UPDATE, DeviceJob.command == version)):
        result.state, result.code, result.at = FAILED, rollout.ROLLED_BACK, now


def linked(db: Session, now: datetime, device: Device) -> None:
    """The device is back: whoever woke it, or had it start anew, is told; `device` says already which version it runs."""
    query = select(DeviceResult, DeviceJob).join(DeviceJob, DeviceJob.id == DeviceResult.job_id)
    waiting = query.where(DeviceResult.device_id == device.id, DeviceResult.state.in_([SENT, CALLED]))
    for result, job in db.execute(waiting.where(DeviceResult.at > now - UPDATE_LIMIT)):
        if _is_back(result, job, device) and state_now(result, job.action, now)[0] != FAILED:
            result.state, result.code, result.at = DONE, "", now


def _is_back(result: DeviceResult, job: DeviceJob, device: Device) -> bool:
    if job.action == JobAction.UPDATE:
        return not rollout.is_behind(device.agent_version, job.command)
    return result.through is not None or (job.action == JobAction.RESTART and result.state == CALLED)


def state_now(result: DeviceResult, action: str, now: datetime) -> tuple[str, str]:
    """-> state and code; who does not answer in time has failed."""
    limit, code = (AWAKE_LIMIT, "NOT_AWAKE") if result.through else (ANSWER_LIMIT, "NO_ANSWER")
    if action == JobAction.UPDATE or (action == JobAction.RESTART and result.state == CALLED):
        limit, code = UPDATE_LIMIT, "NOT_BACK"
    if result.state in (SENT, CALLED) and result.at <= now - limit:
        return FAILED, code
    return result.state, result.code


def results(db: Session, job: DeviceJob) -> list[tuple[DeviceResult, str]]:
    """With the names of the devices, in their order."""
    query: Any = select(DeviceResult, Device.name).join(Device, Device.id == DeviceResult.device_id)
    return [(r, name) for r, name in db.execute(query.where(DeviceResult.job_id == job.id).order_by(Device.name, Device.id))]
