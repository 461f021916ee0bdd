"""Routes: the agent release at hand, how far it has come, and whether devices take it by themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from wizhelper.devices import rollout
from wizhelper.devices.model import UpdateMode
from wizhelper.devices.service import Devices
from wizhelper.http.api import ADMINS, READERS, Call, Model, Routes
from wizhelper.store import audit


class ReleaseOut(Model):
    """`stage`: by_hand, first (one device in twenty), all, halted (a device went back)."""

    version: str
    issued_at: datetime
    expires_at: datetime
    stage: str
    since: datetime
    current: int
    behind: int
    failed: int


class UpdatesOut(Model):
    """`release` None: the appliance has none to hand on."""

    mode: UpdateMode
    release: ReleaseOut | None


class UpdatesIn(Model):
    mode: UpdateMode


def add_update_routes(routes: Routes, devices: Devices) -> None:
    def shown(db: Session, company: int) -> UpdatesOut:
        mode, release = rollout.mode_of(db, company), devices.release
        if release is None:
            return UpdatesOut(mode=mode, release=None)
        found = rollout.progress(db, devices.now(), company, release.version)
        out = ReleaseOut(
            version=release.version,
            issued_at=datetime.fromisoformat(release.manifest.issued),
            expires_at=datetime.fromisoformat(release.manifest.expires),
            stage=found.stage,
            since=found.since,
            current=found.current,
            behind=found.behind,
            failed=found.failed,
        )
        return UpdatesOut(mode=mode, release=out)

    @routes.get("/device-updates", roles=READERS, result=UpdatesOut)
    async def updates(call: Call[None]) -> UpdatesOut:
        """The agent release at hand and how many devices run it."""
        return await devices.db.run(lambda db: shown(db, call.caller.company))

    @routes.put("/device-updates", roles=ADMINS, body=UpdatesIn, result=UpdatesOut)
    async def save_updates(call: Call[UpdatesIn]) -> UpdatesOut:
        """Whether devices take releases by themselves, or only when an administrator asks."""
        caller = call.caller

        def work(db: Session) -> UpdatesOut:
            rollout.set_mode(db, caller.company, call.body.mode)
            facts = {"mode": str(call.body.mode)}
            audit.append(db, devices.now(), caller.company, caller.actor, "device_updates.changed", facts)
            return shown(db, caller.company)

        return await devices.db.run(work)
