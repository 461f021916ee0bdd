"""Routes: actions on many devices, with a result for each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from wizhelper.devices import jobs
from wizhelper.devices.service import Devices
from wizhelper.devices.view import DeviceId
from wizhelper.devices.work_model import DeviceJob, JobAction
from wizhelper.http.api import ADMINS, OPERATORS, Call, Caller, Model, Role, Routes
from wizhelper.http.errors import ApiError
from wizhelper.protocol.device_access import MAX_COMMAND
from wizhelper.relay.limits import HOUR, MINUTE, Budget, Window

MAX_DEVICES = 200


class JobIn(Model):
    """`shell` and `command` for the action "command" only."""

    action: JobAction
    devices: Annotated[list[DeviceId], Field(min_length=1, max_length=MAX_DEVICES)]
    shell: Literal["sh", "cmd", "powershell"] = "sh"
    command: str = Field(default="", max_length=MAX_COMMAND)


class ResultOut(Model):
    """`state`: sent, called (the packet went out), done, failed; `code`: why it failed."""

    device: str
    name: str
    state: str
    code: str
    exit_code: int | None
    output: str


class JobOut(Model):
    id: str
    action: str
    command: str
    at: datetime
    results: list[ResultOut]


def described(db: Session, now: datetime, job: DeviceJob) -> JobOut:
    found = []
    for row, name in jobs.results(db, job):
        state, code = jobs.state_now(row, job.action, now)
        found.append(
            ResultOut(
                device=row.device_id, name=name, state=state, code=code, exit_code=row.exit_code, output=row.output
            )
        )
    return JobOut(id=job.id, action=job.action, command=job.command, at=job.at, results=found)


def add_job_routes(routes: Routes, devices: Devices) -> None:
    budget = Budget(devices.clock, Window(10, MINUTE), Window(100, HOUR))

    def may(caller: Caller, form: JobIn) -> None:
        """Raises ApiError: FORBIDDEN, INVALID_FIELDS, TOO_MANY_TRIES."""
        if form.action is not JobAction.WAKE and caller.role is not Role.ADMIN:
            raise ApiError("FORBIDDEN")
        if form.action is JobAction.COMMAND and not form.command.strip():
            raise ApiError("INVALID_FIELDS", fields={"command": "must not be empty"})
        wait = budget.wait_s(caller.actor)
        if wait > 0:
            raise ApiError("TOO_MANY_TRIES", details={"retry_after_s": int(wait) + 1})
        budget.spend(caller.actor)

    @routes.post("/device-jobs", roles=ADMINS | OPERATORS, body=JobIn, result=JobOut, status=201)
    async def start_job(call: Call[JobIn]) -> JobOut:
        """Wakes devices through a neighbour; for administrators also: runs a command where their policy allows it, starts the
        agent anew, or updates it."""
        caller, form, now = call.caller, call.body, devices.now()
        may(caller, form)
        online = devices.presence.all_online()

        def work(db: Session) -> tuple[JobOut, list[jobs.Order]]:
            what = (form.action, form.devices, form.shell, form.command)
            job, orders = jobs.start(db, now, caller, *what, online, devices.release)
            db.flush()
            return described(db, now, job), orders

        begun, orders = await devices.db.run(work)
        for order in orders:
            devices.presence.send(order.device, order.message)
        return begun

    @routes.get("/device-jobs/<uuid:id>", roles=ADMINS | OPERATORS, result=JobOut)
    async def job(call: Call[None]) -> JobOut:
        """What it came to so far; operators see their own."""
        caller, now = call.caller, devices.now()

        def work(db: Session) -> JobOut:
            row = db.get(DeviceJob, str(call.path["id"]))
            if row is None or row.company_id != caller.company:
                raise ApiError("NOT_FOUND")
            if caller.role is not Role.ADMIN and row.asked_by != caller.account:
                raise ApiError("NOT_FOUND")
            return described(db, now, row)

        return await devices.db.read(work)
