"""Options and makeService: the only file that knows every part, and wires them."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autobahn.websocket import USES_NVX
from sqlalchemy.orm import Session
from twisted.application.internet import StreamServerEndpointService, TimerService
from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

import web
from wizhelper import __version__
from wizhelper.accounts.logins import Accounts, LoginHooks
from wizhelper.accounts.web import make_routes as account_routes
from wizhelper.aftercare.web import make_routes as aftercare_routes
from wizhelper.devices import reach, releases
from wizhelper.devices.presence import Presence
from wizhelper.devices.service import Devices
from wizhelper.devices.web import make_routes as device_routes
from wizhelper.downloads import packages, programs
from wizhelper.downloads.agent_release import add_release_files
from wizhelper.downloads.pages import CustomerPages
from wizhelper.downloads.receipt import LIFETIME_S as RECEIPT_S
from wizhelper.downloads.receipt import ReceiptPages
from wizhelper.favourites.web import make_routes as favourite_routes
from wizhelper.http import static, tls
from wizhelper.http.api import Caller, Role
from wizhelper.http.hosts import Hosts
from wizhelper.http.site import Page, Response, WebSite
from wizhelper.intake.web import make_routes as intake_routes
from wizhelper.notices.web import make_routes as notice_routes
from wizhelper.protocol import live
from wizhelper.protocol.messages import dump_json
from wizhelper.protocol.secure import SigningKey
from wizhelper.recordings import rules as recording_rules
from wizhelper.recordings.service import Recordings
from wizhelper.recordings.vault import Vault
from wizhelper.recordings.web import make_routes as recording_routes
from wizhelper.records import syslog
from wizhelper.records.audit_web import make_routes as audit_routes
from wizhelper.records.faults_web import make_routes as fault_routes
from wizhelper.records.web import make_routes as record_routes
from wizhelper.relay import sockets
from wizhelper.relay.device_socket import DeviceCallbacks, DeviceSocket, socket_kind
from wizhelper.relay.hub import ConsoleTicket, Hub
from wizhelper.relay.pairing import Pairing
from wizhelper.relay.tickets import TicketOffice
from wizhelper.retention.web import Retention
from wizhelper.retention.web import make_routes as retention_routes
from wizhelper.reviews.web import make_routes as review_routes
from wizhelper.settings.keys import Keys, load_keys
from wizhelper.settings.sealing import Sealer
from wizhelper.settings.web import make_routes as company_routes
from wizhelper.sms.admin_web import make_admin_routes as sms_admin_routes
from wizhelper.sms.outgoing import make_agent
from wizhelper.sms.pages import add_callback
from wizhelper.sms.service import Sms
from wizhelper.sms.web import make_routes as sms_routes
from wizhelper.store.database import Database, sqlite_url
from wizhelper.store.schema import CopyFailed, SchemaTooNew
from wizhelper.support import rules
from wizhelper.support.service import Support
from wizhelper.support.sharing import Sharing
from wizhelper.support.sharing_web import make_routes as sharing_routes
from wizhelper.support.tokens import TokenOffice
from wizhelper.support.web import make_join_routes
from wizhelper.support.web import make_routes as support_routes

log = Logger()

TICK_S = 2.0
PURGE_S = 600.0
OFFER_S = 60.0
MAX_REQUEST_BYTES = 1024 * 1024
PAGE_TOKEN_S = 4 * 3600


class Options(usage.Options):
    """Of `twistd wizhelper` and of `wizhelper serve`."""

    longdesc = "The WizHelper appliance: web, relay and device registry in one process."
    optParameters = [
        ["data", "d", None, "Data folder: database, keys, certificates. Made at first start."],
        ["port", "p", 8443, "Port for everything.", usage.portCoerce],
        ["interface", None, "", "Address to listen on (default: all)."],
        ["certificate", None, None, "Own certificate chain (PEM); without it a private CA is made."],
        ["key", None, None, "Key of --certificate (PEM)."],
        ["database", None, None, "SQLAlchemy URL, for PostgreSQL: postgresql://user:password@host/name."],
        ["syslog", None, None, "Send the audit chain to udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT."],
        ["syslog-ca", None, None, "CA (PEM) of a tls syslog server; without it, the system's."],
        ["programs", None, None, "Folder with the programs that customers download (default: DATA/programs)."],
    ]
    optFlags = [
        ["http", None, "Plain HTTP, only on the loopback address: for a proxy on the same machine."],
        ["local-gateways", None, "SMS gateways may be on this machine: their addresses may be loopback or link-local."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["hosts"] = []

    def opt_host(self, name: str) -> None:
        """A name or address under which people reach this server; may be given more than once."""
        self["hosts"].append(name)

    def postOptions(self) -> None:
        if not self["data"]:
            raise usage.UsageError("--data DIR is needed: the folder where everything is kept.")
        if bool(self["certificate"]) != bool(self["key"]):
            raise usage.UsageError("--certificate and --key belong together.")
        if self["http"]:
            self["interface"] = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """Options, parsed once."""

    data: Path
    port: int
    interface: str
    certificate: tuple[Path, Path] | None
    database_url: str
    programs: Path
    hosts: tuple[str, ...]
    secure: bool
    local_gateways: bool = False
    syslog: syslog.Target | None = None


def read_settings(options: Options) -> Settings:
    data = Path(options["data"]).resolve()
    pair = (Path(options["certificate"]), Path(options["key"])) if options["certificate"] else None
    return Settings(
        data=data,
        port=options["port"],
        interface=options["interface"],
        certificate=pair,
        database_url=options["database"] or sqlite_url(data / "wizhelper.db"),
        programs=Path(options["programs"] or data / "programs"),
        hosts=tuple(options["hosts"]),
        secure=not options["http"],
        local_gateways=bool(options["local-gateways"]),
        syslog=_syslog_target(options),
    )


def _syslog_target(options: Options) -> syslog.Target | None:
    if not options["syslog"]:
        return None
    try:
        return syslog.read_target(options["syslog"], Path(options["syslog-ca"]) if options["syslog-ca"] else None)
    except syslog.BadTarget as problem:
        raise usage.UsageError(f"--syslog: {problem}") from problem


def prepare_data(folder: Path) -> None:
    """The data folder, readable by its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def now() -> datetime:
    return datetime.now(UTC)


def makeService(options: Options, reactor: Any = None) -> IService:
    """The whole appliance as one service. Raises usage.UsageError if it cannot start as asked."""
    if reactor is None:
        from twisted.internet import reactor as default_reactor

        reactor = default_reactor
    settings = read_settings(options)
    prepare_data(settings.data)
    certificate = _certificate(settings)
    appliance = Appliance(settings, certificate, load_keys(settings.data), reactor)
    try:
        appliance.db.upgrade()
    except (SchemaTooNew, CopyFailed) as problem:
        raise usage.UsageError(str(problem)) from None
    return appliance


def _certificate(settings: Settings) -> tls.ServerCertificate | None:
    if not settings.secure:
        return None
    try:
        if settings.certificate is not None:
            return tls.load_certificate(*settings.certificate)
        names = tuple(dict.fromkeys([*settings.hosts, *tls.own_names()]))
        return tls.ensure_certificate(settings.data, names, now())
    except tls.CertificateProblem as problem:
        raise usage.UsageError(f"certificate: {problem}") from problem


def _recorded(session: Session, support_session: str) -> dict[str, Any]:
    """For the evidence pack."""
    return {"recordings.json": recording_rules.evidence(session, support_session)}


class Appliance(MultiService):
    """Start: database, sessions of the last run, timers, port. Stop: the other way round, links told first."""

    def __init__(self, settings: Settings, certificate: tls.ServerCertificate | None, keys: Keys, reactor: Any) -> None:
        super().__init__()
        self._settings = settings
        self._certificate = certificate
        self._reactor = reactor
        self.db = Database(settings.database_url)
        names = [*settings.hosts, *(certificate.names if certificate else ("localhost", "127.0.0.1"))]
        self.hosts = Hosts(names)
        self.hub = Hub(time.monotonic)
        self.tickets = TicketOffice(keys.for_purpose("relay tickets"), time.time)
        self._receipts = TokenOffice(keys.for_purpose("receipt tokens"), time.time, "receipt", RECEIPT_S)
        self.pairing = Pairing(reactor.callLater, self._viewer_changed)
        parts = (self.db, self.hub, self.tickets, self.pairing, self._receipts)
        self.support = Support(*parts, now, time.monotonic, os.urandom)
        self.sharing = Sharing(self.db, self.hub, self.support, now, time.monotonic, reach.reaches)
        presence = Presence(reactor.callLater, self.hub.tell_company)
        release = releases.load(settings.programs)
        self.devices = Devices(self.db, self.support, presence, keys, now, time.monotonic, release)
        hooks = LoginHooks(self._logged_in, self._logged_out)
        self.accounts = Accounts(self.db, reactor, now, time.monotonic, hooks, rules.MAX_OPEN, self._access_urls)
        self.sms = self._make_sms(keys)
        self._retention = Retention(self.db, now)
        self.recordings = Recordings(self.db, Vault(settings.data / "recordings"), reactor, now)
        self._keys = keys
        target = settings.syslog
        self._syslog = syslog.Forwarder(self.db, reactor, target, settings.data) if target else None
        self._stopping = False
        endpoint = StreamServerEndpointService(self._endpoint(), self._site())
        endpoint.setServiceParent(self)

    def _make_sms(self, keys: Keys) -> Sms:
        agent = make_agent(self._reactor, self._settings.local_gateways)
        sealer = Sealer(keys.for_purpose("sms secrets"), os.urandom)
        base = lambda host: self._access_urls(host)[0]  # noqa: E731
        return Sms(self.db, self.support, self.hub, self._reactor, agent, sealer, now, base)

    def _endpoint(self) -> IStreamServerEndpoint:
        port, interface = self._settings.port, self._settings.interface or "0.0.0.0"
        if self._certificate is None:
            return TCP4ServerEndpoint(self._reactor, port, interface=interface)
        return SSL4ServerEndpoint(self._reactor, port, tls.context_factory(self._certificate), interface=interface)

    def _site(self) -> Any:
        site = WebSite(self.hosts, self.accounts.authenticate, self._settings.secure, MAX_REQUEST_BYTES)
        site.add_page("/health", self._health)
        site.add_routes(account_routes(self.accounts, self.db, now).all)
        site.add_routes(company_routes(self.db, now).all)
        site.add_routes(notice_routes(self.db, now).all)
        site.add_routes(favourite_routes(self.db, now).all)
        site.add_routes(fault_routes(self.db, now).all)
        site.add_routes(record_routes(self.db, now).all)
        evidence_key = SigningKey(self._keys.for_purpose("evidence packs"))
        site.add_routes(retention_routes(self._retention).all)
        site.add_routes(audit_routes(self.db, now, evidence_key, _recorded).all)
        site.add_routes(recording_routes(self.recordings).all)
        site.add_routes(review_routes(self.db, now).all)
        site.add_routes(aftercare_routes(self.db, now).all)
        site.add_routes(intake_routes(self.db, self.support, now).all)
        site.add_routes(support_routes(self.support, self.hub, now).all)
        site.add_routes(sharing_routes(self.sharing).all)
        download_tokens = TokenOffice(self._keys.for_purpose("download tokens"), time.time)
        site.add_routes(make_join_routes(self.support, download_tokens).all)
        site.add_routes(device_routes(self.devices).all)
        site.add_routes(sms_routes(self.sms).all)
        site.add_routes(sms_admin_routes(self.sms).all)
        add_callback(site, self.sms.outbox)
        site.add_openapi()
        static.add_web_apps(site, static.load(web.DIST))
        page_tokens = TokenOffice(self._keys.for_purpose("page tokens"), time.time, "page", PAGE_TOKEN_S)
        CustomerPages(
            self.db,
            self.support,
            self.sms,
            page_tokens,
            download_tokens,
            self._receipts,
            programs.load(self._settings.programs),
            self._certificate.ca if self._certificate else None,
            packages.load(self._settings.programs),
            now,
        ).add_to(site)
        add_release_files(site, self.devices.release)
        ReceiptPages(self.db, self._receipts, now).add_to(site)
        return site.site(sockets.resources(self._sockets(), {b"device": self._device_socket()}))

    def _sockets(self) -> sockets.Sockets:
        return sockets.Sockets(
            reactor=self._reactor,
            hosts=self.hosts,
            secure=self._settings.secure,
            hub=self.hub,
            pairing=self.pairing,
            tickets=self.tickets,
            live=sockets.LiveCallbacks(self._snapshot, self._active),
            agent=sockets.AgentCallbacks(
                self.support.agent_authenticates,
                self.support.agent_joins,
                self._agent_left,
                self._agent_says,
            ),
            input_flowed=self.support.data_flowed,
        )

    def _device_socket(self) -> type[sockets.BaseSocket]:
        calls = self.devices
        return socket_kind(DeviceCallbacks(calls.authenticate, calls.joined, self._device_left, calls.says))

    # --- service ----------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        self.db.start(self._reactor)
        self.accounts.start()
        self.recordings.start()
        super().startService()
        self._in_background(self._begin())

    async def _begin(self) -> None:
        await self.support.start()
        await self.sms.outbox.start()
        self._add_timer(self._tick)
        self._add_timer(self._purge, PURGE_S)
        self._add_timer(self._offer_updates, OFFER_S)
        if self._syslog is not None:
            self._add_timer(self._forward)
        where = "https" if self._settings.secure else "http"
        log.info("WizHelper {version} listens: {url}", version=__version__, url=f"{where}://*:{self._settings.port}")
        if not USES_NVX:
            log.warn("autobahn runs without NVX: the relay is about thirty times slower than it could be")
        if self._certificate is not None and self._certificate.ca is not None:
            log.info(
                "Own CA in use. Install {ca} (also at /ca.pem) in browsers, or start with --certificate and --key",
                ca=str(self._settings.data / "ca.pem"),
            )

    async def stopService(self) -> None:  # type: ignore[override]
        """Links are told that the server stops, then the port closes, then the database."""
        self._stopping = True
        self.support.stop()
        self.devices.presence.stop()
        await self.sms.outbox.stop()
        if self._syslog is not None:
            await self._syslog.stop()
        await super().stopService()
        self.accounts.stop()
        self.recordings.stop()
        self.db.stop()
        log.info("WizHelper stopped")

    def _add_timer(self, work: Callable[[], Deferred[None]], every_s: float = TICK_S) -> None:
        timer = TimerService(every_s, work)
        timer.clock = self._reactor
        timer.setServiceParent(self)

    def _purge(self) -> Deferred[None]:
        async def purge() -> None:
            await self._retention.tick()
            await self.recordings.tick()

        done = Deferred.fromCoroutine(purge())
        return done.addErrback(lambda f: log.failure("Deleting old records failed", f))

    def _offer_updates(self) -> Deferred[None]:
        offered = Deferred.fromCoroutine(self.devices.offer_updates())
        return offered.addErrback(lambda f: log.failure("Offering the agent release failed", f))

    def _forward(self) -> Deferred[None]:
        assert self._syslog is not None
        # A timer of its own: a slow syslog server must not hold up the tick.
        sent = Deferred.fromCoroutine(self._syslog.tick())
        return sent.addErrback(lambda f: log.failure("Sending to syslog failed", f))

    def _tick(self) -> Deferred[None]:
        async def tick() -> None:
            await self.support.tick()
            await self.sharing.tick()
            await self.accounts.expire()
            await self.sms.outbox.tick()

        # An error must not end the timer: it is logged, and the next tick tries again.
        return Deferred.fromCoroutine(tick()).addErrback(lambda f: log.failure("Tick failed", f))

    def _in_background(self, work: Awaitable[Any]) -> None:
        async def run() -> None:
            await work

        def failed(failure: Failure) -> None:
            log.failure("Background work failed", failure)

        Deferred.fromCoroutine(run()).addErrback(failed)

    # --- wires between parts ----------------------------------------------------------------------------------------

    def _viewer_changed(self, session: uuid.UUID, viewer: uuid.UUID, online: bool) -> None:
        if not self._stopping:
            self._in_background(self.support.viewing.changed(session, viewer, online))

    async def _agent_says(self, session: str, message: live.AgentMessage) -> None:
        if isinstance(message, live.Dismiss):
            await self.sharing.dismissed(session, message)
        else:
            await self.support.agent_says(session, message)

    async def _agent_left(self, session: str, link: sockets.AgentSocket) -> None:
        """When the whole server stops, the next start sorts out who was linked: a thousand writes would only delay it."""
        if not self._stopping:
            await self.support.agent_left(session, link)

    async def _device_left(self, device: str, link: DeviceSocket) -> None:
        """As for agents."""
        if not self._stopping:
            await self.devices.left(device, link)

    async def _logged_in(self, caller: Caller) -> None:
        if caller.role is Role.OPERATOR:
            await self.support.operator_logged_in(caller.account)

    async def _logged_out(self, account: int, logins: Sequence[int], code: str, last: bool) -> None:
        self.hub.close_logins(account, set(logins), code)
        self.support.viewing.logins_ended(set(logins))
        if last:
            await self.support.operator_logged_out(account)

    async def _snapshot(self, ticket: ConsoleTicket) -> dict[str, Any]:
        sessions, totals = await self.support.snapshot(ticket.account, ticket.company)
        return {
            "sessions": [s.model_dump(mode="json") for s in sessions],
            "counts": totals.model_dump(mode="json"),
        }

    async def _active(self, ticket: ConsoleTicket) -> None:
        await self.accounts.touch(ticket.login)

    def _access_urls(self, host: str) -> list[str]:
        """OP-URL: what is read out to the customer: the configured names, else the one the operator came by."""
        scheme = "https" if self._settings.secure else "http"
        default = 443 if self._settings.secure else 80
        port = "" if self._settings.port == default else f":{self._settings.port}"
        names = [f"{name}{port}" for name in self._settings.hosts] or [host]
        return [f"{scheme}://{name}/" for name in names]

    async def _health(self, _page: Page) -> Response:
        """For monitors: 200 while the database answers."""
        state = await self.db.read(lambda _s: "ok")
        body = {"status": state, "version": __version__}
        return Response(dump_json(body), "application/json")
