"""Registered devices at work: runs the rules in transactions, then tells devices and consoles."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.logger import Logger

from wizhelper.accounts.model import Account
from wizhelper.devices import jobs, offered, policy, reach, rollout, rules, visits
from wizhelper.devices.model import Device, DeviceEventKind, Status
from wizhelper.devices.presence import DeviceLink, Presence
from wizhelper.devices.releases import Release
from wizhelper.devices.work_model import VisitState
from wizhelper.http.errors import ApiError
from wizhelper.protocol import device as wire
from wizhelper.protocol.secure import SigningKey
from wizhelper.records.view import SessionOut, described
from wizhelper.relay.limits import HOUR, MINUTE, Budget, Window, address_key
from wizhelper.settings.keys import Keys
from wizhelper.settings.service import company_by_id
from wizhelper.store.database import Database
from wizhelper.support.service import Support

log = Logger()

T = TypeVar("T")


class Devices:
    """Everything that happens to registered devices. `now`: aware UTC time."""

    def __init__(
        self,
        db: Database,
        support: Support,
        presence: Presence,
        keys: Keys,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        release: Release | None = None,
    ) -> None:
        self.db = db
        self.release = release
        self.now = now
        self.clock = clock
        self.presence = presence
        self._support = support
        self._keys = keys
        self._unproven = Budget(clock, Window(20, MINUTE), Window(200, HOUR))
        self._looks = Budget(clock, Window(20, MINUTE), Window(100, HOUR))

    def organisation(self, company: int) -> SigningKey:
        """The company's key that signs what its devices obey. The appliance keeps it (docs/security.md)."""
        return SigningKey(self._keys.for_purpose(f"organisation {company}"))

    def tell_visits(self, company: int) -> None:
        """Consoles look at the visits anew."""
        self.presence.publish(company, {"type": "device_visits"})

    # --- enrolment ---------------------------------------------------------------------------------------------------

    async def enrol(self, asked: rules.Enrolment, address: str) -> tuple[Device, str, str]:
        """-> device, company's name, organisation key in hex. Raises ApiError."""
        _spend(self._unproven, address)

        def work(db: Session) -> tuple[Device, str]:
            device = rules.enrol(db, self.now(), asked, address)
            return device, company_by_id(db, device.company_id).name

        device, company = await self.db.run(work)
        if asked.token is not None:
            self._unproven.take_back(address_key(address))  # a roll-out behind one address is no attack
        return device, company, self.organisation(device.company_id).public.hex()

    async def offered_groups(self, company: str, token: str | None, address: str) -> tuple[str, list[str]]:
        """-> the company's name and the groups that a PC is offered. Raises ApiError."""
        _spend(self._looks, address)
        return await self.db.read(lambda db: offered.groups(db, self.now(), company, token))

    async def decide(self, company: int, account: int, device_id: str, accepted: bool) -> Device:
        def work(db: Session) -> tuple[Device, wire.Admitted | None]:
            device = rules.device_of(db, company, device_id, Status.PENDING)
            rules.decide(db, self.now(), device, account, accepted)
            return device, self._admitted(db, device) if accepted else None

        device, admitted = await self.db.run(work)
        if admitted is not None:
            self.presence.send(device_id, admitted)
            self.presence.tell_again(company, device_id)
        else:
            self._dismiss(device_id)
        return device

    async def remove(self, company: int, actor: str, device_id: str) -> None:
        def work(db: Session) -> str | None:
            device = rules.device_of(db, company, device_id, Status.ACTIVE, Status.PENDING)
            rules.remove(db, self.now(), device, actor)
            live = rules.live_session(db, device)
            return live.id if live else None

        session = await self.db.run(work)
        if session is not None:
            await self._support.end_of_device(session)
        self._dismiss(device_id)
        self.presence.tell_again(company, device_id)

    def _dismiss(self, device_id: str) -> None:
        self.presence.send(device_id, wire.Removed())
        self.presence.close(device_id, "DEVICE_UNKNOWN")

    # --- the device's link -------------------------------------------------------------------------------------------

    async def authenticate(self, proof: wire.Proof, address: str) -> wire.Admitted:
        """The signature was checked; whose key it is, is asked here. Raises ApiError: DEVICE_UNKNOWN, DEVICE_CLONED."""

        def work(db: Session) -> wire.Admitted | None:
            device = db.get(Device, proof.device)
            if device is None or device.status == Status.REMOVED:
                raise ApiError("DEVICE_UNKNOWN")
            if device.key != proof.key:
                rules.note(db, self.now(), device, DeviceEventKind.WRONG_KEY, rules.SERVER, address=address)
                return None
            if device.cloned_at is not None:
                raise ApiError("DEVICE_CLONED")
            return self._admitted(db, device)

        admitted = await self.db.run(work)
        if admitted is None:
            log.warn("A wrong key for device {device} from {address}", device=proof.device, address=address)
            raise ApiError("DEVICE_UNKNOWN")
        return admitted

    def _admitted(self, db: Session, device: Device) -> wire.Admitted:
        company = company_by_id(db, device.company_id).name
        signed = self._signed_policy(db, device) if device.status == Status.ACTIVE else None
        return wire.Admitted(device.status, device.name, company, signed)

    def _signed_policy(self, db: Session, device: Device) -> wire.SignedPolicy:
        return wire.sign_policy(policy.policy_of(db, device), self.organisation(device.company_id))

    async def joined(self, proof: wire.Proof, link: DeviceLink, address: str) -> None:
        def work(db: Session) -> int:
            device = db.get_one(Device, proof.device)
            rules.linked(db, self.now(), device, proof.about, address)
            jobs.linked(db, self.now(), device)
            return device.company_id

        company = await self.db.run(work)
        self.presence.joined(proof.device, company, link, proof.about.instance)

    async def left(self, device_id: str, link: DeviceLink) -> None:
        if self.presence.left(device_id, link):
            await self.db.run(lambda db: rules.unlinked(db, self.now(), db.get_one(Device, device_id)))

    async def says(self, device_id: str, link: DeviceLink, message: wire.DeviceMessage) -> None:
        match message:
            case wire.Alive():
                if self.presence.still_there(device_id, link):
                    await self._clone(device_id)
            case wire.Rename(name):
                await self._rename(device_id, name)
            case wire.Networks():
                await self.db.run(lambda db: jobs.keep_networks(db.get_one(Device, device_id), message))
            case wire.TaskDone():
                await self.db.run(lambda db: jobs.done(db, self.now(), device_id, message))
            case wire.Updated():
                await self.db.run(lambda db: self._updated(db, device_id, message))
            case wire.Declined():
                await self._declined(device_id, message)
            case wire.Unregister():
                company = await self.db.read(lambda db: db.get_one(Device, device_id).company_id)
                await self.remove(company, rules.DEVICE, device_id)

    def _updated(self, db: Session, device_id: str, message: wire.Updated) -> None:
        rollout.told(db, self.now(), db.get_one(Device, device_id), message)
        jobs.updated(db, self.now(), device_id, message)

    async def offer_updates(self) -> None:
        """For a timer: the devices whose turn it is are offered the release at hand."""
        release = self.release
        if release is None:
            return
        online = self.presence.all_online()
        for device in await self.db.run(lambda db: rollout.due(db, self.now(), release.version, online)):
            self.presence.send(device, wire.Update("", release.signed))

    async def _clone(self, device_id: str) -> None:
        log.warn("Two machines have the key of device {device}", device=device_id)
        await self.db.run(lambda db: rules.clone_seen(db, self.now(), db.get_one(Device, device_id)))
        self.presence.close(device_id, "DEVICE_CLONED")

    async def _rename(self, device_id: str, name: str) -> None:
        def work(db: Session) -> tuple[int, wire.Admitted]:
            device = db.get_one(Device, device_id)
            before, device.name = device.name, rules.clean_name(name)
            rules.note(db, self.now(), device, DeviceEventKind.RENAMED, rules.DEVICE, before=before)
            return device.company_id, self._admitted(db, device)

        company, admitted = await self.db.run(work)
        self.presence.send(device_id, admitted)
        self.presence.tell_again(company, device_id)

    # --- policy ------------------------------------------------------------------------------------------------------

    async def change(self, company: int, work: Callable[[Session], T]) -> T:
        """Runs a change that may touch policies; linked devices whose policy is another now are told theirs."""

        def transaction(db: Session) -> tuple[T, dict[str, wire.SignedPolicy]]:
            result = work(db)
            db.flush()
            linked = self.presence.all_online()
            rows = db.scalars(select(Device).where(Device.company_id == company, Device.status == Status.ACTIVE))
            changed = {}
            for device in (row for row in rows if row.id in linked):
                before = device.policy_serial
                signed = self._signed_policy(db, device)
                if device.policy_serial != before:
                    changed[device.id] = signed
            return result, changed

        result, changed = await self.db.run(transaction)
        for device_id, signed in changed.items():
            self.presence.send(device_id, wire.Policy(signed))
        return result

    # --- connecting --------------------------------------------------------------------------------------------------

    async def connect(self, caller: Any, device_id: str) -> SessionOut:
        """DEV-CONNECT. Raises ApiError: NOT_FOUND, DEVICE_OFFLINE, DEVICE_CLONED, DEVICE_BUSY, SESSION_LIMIT,
        DEVICE_CLOSED_NOW, VISIT_REASON_NEEDED, SECOND_PERSON_NEEDED."""
        secret = secrets.token_urlsafe(32)
        said = {"reason": "", "approver": ""}

        def own(db: Session) -> SessionOut | None:
            """The caller's own session with this device goes on: a second click opens no second one."""
            live = rules.live_session(db, reach.device_for(db, caller, device_id))
            return described(db, live) if live is not None and live.owner_id == caller.account else None

        def begin(db: Session) -> Any:
            device = reach.device_for(db, caller, device_id)
            if device.cloned_at is None and not self.presence.online(device_id):
                raise ApiError("DEVICE_OFFLINE")
            told, visit = policy.policy_of(db, device), visits.usable(db, self.now(), device, caller.account)
            visits.check(self.now(), visit, told.access)
            session = rules.begin_session(db, self.now(), device, caller.account, secret, told)
            if visit is not None:
                visit.state, visit.session_id = VisitState.USED, session.id
                said.update(reason=visit.reason, approver=visits.name_of(db, visit.decided_by))
            return session

        running = await self.db.read(own)
        if running is not None:
            return running
        session = await self._support.open_directly(begin)
        operator = await self.db.read(lambda db: db.get_one(Account, caller.account).display_name)
        self.presence.send(device_id, wire.Invite(session.id, secret, operator, **said))
        return session

    async def _declined(self, device_id: str, message: wire.Declined) -> None:
        """The PC's own copy of the policy lets nobody in: the session ends at once."""
        live = await self.db.read(lambda db: rules.live_session(db, db.get_one(Device, device_id)))
        if live is not None and live.id == message.session:
            log.warn("Device {device} declined: {code}", device=device_id, code=message.code[:32])
            await self._support.end_of_device(live.id)


def _spend(budget: Budget, address: str) -> None:
    """Raises ApiError("TOO_MANY_TRIES")."""
    wait = budget.wait_s(address_key(address))
    if wait > 0:
        raise ApiError("TOO_MANY_TRIES", details={"retry_after_s": int(wait) + 1})
    budget.spend(address_key(address))
