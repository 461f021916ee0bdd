"""The outbox at work: takes what is due, gives it to gateways, writes down what they answer, asks for delivery.

A try is noted before its text goes out, and its end after the answer. Between the two a stop of the server leaves a row in
`sending`; the next start asks the provider by our key where it can be asked, else the message is `uncertain`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IAgent

from wizhelper.http.errors import ApiError
from wizhelper.settings.sealing import Sealer
from wizhelper.sms import delivery
from wizhelper.sms.delivery import Job
from wizhelper.sms.gateway import Accepted, BadSignature, DeliveryReport, Finder, Refused, Uncertain
from wizhelper.sms.model import SmsGateway
from wizhelper.sms.pool import Pool
from wizhelper.store.database import Database, StoreBusy, StoreFull

log = Logger()
T = TypeVar("T")

MAX_IN_FLIGHT = 32
ANSWER_S = 120
"""Drivers have shorter limits of their own; this one is for those that hang."""
STOP_S = 5
WRITE_TRIES, WRITE_PAUSE_S = 6, 2.0
PURGE_EVERY = timedelta(hours=6)


class Outbox:
    """`changed` is told of messages whose state changed, after the commit."""

    def __init__(
        self,
        db: Database,
        reactor: Any,
        agent: IAgent,
        sealer: Sealer,
        now: Callable[[], datetime],
        changed: Callable[[list[str]], Awaitable[None]],
    ) -> None:
        self._db = db
        self._reactor = reactor
        self._now = now
        self._changed = changed
        self._pool = Pool(reactor, agent, sealer)
        self._in_flight: set[Deferred[None]] = set()
        self._asking: set[int] = set()
        self._purged = now() - PURGE_EVERY
        self._stopping = False

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Opens the gateways in use and settles what the last run left open."""
        await self.reload()
        for job in await self._db.read(delivery.interrupted):
            self._track(self._settle(job))

    async def reload(self) -> None:
        """The settings of gateways changed."""
        wanted = select(SmsGateway).where(SmsGateway.enabled, SmsGateway.removed.is_(False))
        self._pool.keep_only(await self._db.read(lambda db: db.scalars(wanted).all()))

    async def stop(self) -> None:
        """What is on its way has a few seconds to be answered; the rest is settled at the next start."""
        self._stopping = True
        waiting: Deferred[Any] = DeferredList(list(self._in_flight))
        await waiting.addTimeout(STOP_S, self._reactor, onTimeoutCancel=lambda result, _s: result)
        await self._pool.close()

    async def tick(self) -> None:
        """Every few seconds, and once more when something was put in."""
        if self._stopping:
            return
        if await self._db.read(lambda db: delivery.due(db, self._now())):
            await self.send_due()
            await self._ask_for_delivery()
        if self._now() - self._purged >= PURGE_EVERY:
            self._purged = self._now()
            await self._db.run(lambda db: delivery.forget_old(db, self._now()))
            await self.reload()  # closes what only a test has opened

    # --- sending ----------------------------------------------------------------------------------------------------

    async def send_due(self) -> None:
        """Gives what is due to gateways, and waits for none of them."""
        room = MAX_IN_FLIGHT - len(self._in_flight)
        if room <= 0 or self._stopping:
            return
        jobs, ended = await self._db.run(lambda db: delivery.claim(db, self._now(), room))
        for job in jobs:
            self._track(self._send(job))
        await self._tell(ended)

    def _track(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        done = Deferred.fromCoroutine(run())
        self._in_flight.add(done)

        def finished(result: Failure | None) -> None:
            self._in_flight.discard(done)
            if isinstance(result, Failure):
                log.failure("SMS outbox: a message could not be settled", result)

        done.addBoth(finished)

    async def _send(self, job: Job) -> None:
        await self._tell([job.message])
        try:
            gateway = self._pool.get(await self._row(job.gateway))
            answer = await gateway.send(job.text).addTimeout(ANSWER_S, self._reactor)
        except Refused as problem:
            log.warn("SMS {key}: gateway {id} refused: {code}", key=job.message, id=job.gateway, code=problem.code)
            await self._write(job, _refusing(job, self._now(), problem))
        except (Uncertain, TookTooLong) as problem:
            said = str(problem)
            log.warn("SMS {key}: gateway {id} did not answer: uncertain", key=job.message, id=job.gateway)
            await self._write(job, lambda db: delivery.uncertain(db, job, delivery.NO_ANSWER, said))
        except Exception:
            # Of a driver's own mistake nobody knows how far it came.
            log.failure("SMS gateway {id} failed", id=job.gateway)
            await self._write(job, lambda db: delivery.uncertain(db, job, delivery.NO_ANSWER))
        else:
            log.info("SMS {key}: gateway {id} accepted", key=job.message, id=job.gateway)
            await self._write(job, lambda db: delivery.accepted(db, self._now(), job, answer))

    async def _settle(self, job: Job) -> None:
        """A job of the last run, whose end nobody noted."""
        found: Accepted | None = None
        try:
            gateway = self._pool.get(await self._row(job.gateway))
            if not isinstance(gateway, Finder):
                raise Refused(delivery.INTERRUPTED, "the server stopped while it was sent", retry=False)
            found = await gateway.find(job.text).addTimeout(ANSWER_S, self._reactor)
        except (Refused, TookTooLong) as problem:
            detail = problem.detail if isinstance(problem, Refused) else ""
            await self._write(job, lambda db: delivery.uncertain(db, job, delivery.INTERRUPTED, detail))
            return
        if found is None:
            lost = Refused(delivery.INTERRUPTED, "the provider never got it", retry=True)
            await self._write(job, _refusing(job, self._now(), lost))
        else:
            taken = found
            await self._write(job, lambda db: delivery.accepted(db, self._now(), job, taken))

    async def _write(self, job: Job, work: Callable[[Session], None]) -> None:
        """An answer must not get lost because the database was busy: what is not written is uncertain after a restart."""
        for attempt in range(WRITE_TRIES):
            try:
                await self._db.run(work)
                break
            except (StoreBusy, StoreFull) as problem:
                if attempt == WRITE_TRIES - 1:
                    raise
                log.warn("SMS outbox: {problem}; once more", problem=str(problem))
                await deferLater(self._reactor, WRITE_PAUSE_S)
        await self._tell([job.message])
        await self.send_due()

    async def _row(self, gateway: int) -> SmsGateway:
        return await self._db.read(lambda db: db.get_one(SmsGateway, gateway))

    # --- delivery ---------------------------------------------------------------------------------------------------

    async def _ask_for_delivery(self) -> None:
        due = await self._db.run(lambda db: delivery.to_poll(db, self._now()))
        for gateway, provider_ids in due.items():
            if gateway not in self._asking:
                self._track(self._poll(gateway, provider_ids))

    async def _poll(self, gateway: int, provider_ids: list[str]) -> None:
        self._asking.add(gateway)
        try:
            opened = self._pool.get(await self._row(gateway))
            reports = await opened.poll(provider_ids).addTimeout(ANSWER_S, self._reactor)
        except (Refused, TookTooLong) as problem:
            code = problem.code if isinstance(problem, Refused) else delivery.NO_ANSWER
            log.warn("SMS gateway {id} cannot be asked: {code}", id=gateway, code=code)
        else:
            await self._take(gateway, reports)
        finally:
            self._asking.discard(gateway)

    async def callback(self, address: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> None:
        """A provider calls. Raises ApiError: NOT_FOUND, FORBIDDEN for what it did not sign."""
        row = await self._db.read(lambda db: delivery.of_gateway(db, address))
        if row is None:
            raise ApiError("NOT_FOUND")
        try:
            reports = self._pool.get(row).callback(headers, body, query)
        except (BadSignature, Refused) as problem:
            log.warn("SMS gateway {id}: a callback was refused", id=row.id)
            raise ApiError("FORBIDDEN") from problem
        await self._take(row.id, reports)

    async def _take(self, gateway: int, reports: Iterable[DeliveryReport]) -> None:
        found = list(reports)
        if found:
            await self._tell(await self._db.run(lambda db: delivery.reported(db, self._now(), gateway, found)))

    async def _tell(self, messages: list[str]) -> None:
        if messages:
            await self._changed(messages)


def _refusing(job: Job, now: datetime, problem: Refused) -> Callable[[Session], None]:
    return lambda db: delivery.refused(db, now, job, problem.code, problem.detail, problem.retry)
