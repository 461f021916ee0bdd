"""Fixtures of the server's tests: a database at the newest schema, and a whole appliance without a port or a thread."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from fakes import ImmediateDatabase, ManualTime, finish, immediate_thread
from postgres_server import PostgresServer, Refilled
from twisted.internet.testing import MemoryReactorClock
from world import NAMES, PROGRAM, World, populate

import wizhelper.accounts.logins as accounts_logins
import wizhelper.http.site as site_module
import wizhelper.recordings.service as recordings_service
import wizhelper.server as server
from wizhelper.accounts import passwords
from wizhelper.http import openapi, tls
from wizhelper.http.api import Route
from wizhelper.http.site import WebSite
from wizhelper.settings.keys import Keys
from wizhelper.store.database import Database, sqlite_url


@pytest.fixture(scope="session")
def cheap_hashes() -> Iterator[None]:
    """Real argon2id at the lowest cost: what it costs in earnest is nothing that a rule depends on."""
    patch = pytest.MonkeyPatch()
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(passwords, "_hasher", hasher)
    patch.setattr(passwords, "DUMMY_HASH", hasher.hash("nobody's password"))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def template_database(tmp_path_factory: pytest.TempPathFactory, cheap_hashes: None) -> Path:
    """A populated SQLite file, made once and copied for each test."""
    file = tmp_path_factory.mktemp("template") / "wizhelper.db"
    db = Database(sqlite_url(file))
    db.upgrade()
    db.transact(populate)
    db.transact(lambda s: s.connection().exec_driver_sql("SELECT 1"))
    db.stop()
    return file


@pytest.fixture
def time_() -> ManualTime:
    return ManualTime()


@pytest.fixture
def db(template_database: Path, tmp_path: Path) -> Iterator[ImmediateDatabase]:
    file = tmp_path / "wizhelper.db"
    shutil.copy(template_database, file)
    database = ImmediateDatabase(sqlite_url(file))
    yield database
    database.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own on a UNIX socket; fails, with the cure, where the package is missing."""
    running = PostgresServer.started()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, cheap_hashes: None) -> str:
    """Name of a populated database to copy."""
    db = Database(postgres.create())
    db.upgrade()
    db.transact(populate)
    db.stop()
    return db.url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """An empty database on a real PostgreSQL."""
    return postgres.create()


@pytest.fixture(scope="session")
def populated_postgres(postgres: PostgresServer, postgres_template: str) -> Refilled:
    return Refilled(postgres.create(postgres_template))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def any_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A populated database of both kinds; each test finds it as if it were the first."""
    if request.param == "sqlite":
        file = tmp_path / "wizhelper.db"
        shutil.copy(request.getfixturevalue("template_database"), file)
        url = sqlite_url(file)
    else:
        refilled: Refilled = request.getfixturevalue("populated_postgres")
        refilled.refill()
        url = refilled.url
    database = ImmediateDatabase(url)
    yield database
    database.stop()


# --- a whole appliance ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tls.ServerCertificate:
    return tls.ensure_certificate(tmp_path_factory.mktemp("tls"), NAMES, server.now())


_documents: dict[tuple[str, ...], dict[str, Any]] = {}


def _document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document, made once per table of routes: it takes as long as the rest of an appliance."""
    table = list(routes)
    key = tuple(f"{r.method} {r.path}" for r in table)
    if key not in _documents:
        _documents[key] = openapi.document(table)
    return _documents[key]


def _web_apps(folder: Path) -> Path:
    (folder / "assets").mkdir(parents=True)
    page = b'<!doctype html><script nonce="__CSP_NONCE__"></script>'
    (folder / "console.html").write_bytes(page + b"console")
    (folder / "admin.html").write_bytes(page + b"admin")
    (folder / "assets" / "join.js").write_bytes(b"export {}")
    return folder


def _worlds(
    template: Path, folder: Path, certificate: tls.ServerCertificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    worlds: list[World] = []

    def make(*, secure: bool = True, database_url: str | None = None) -> World:
        home = folder / f"world{len(worlds)}"
        (home / "programs").mkdir(parents=True)
        (home / "programs" / "wizhelper-access-linux-x86_64").write_bytes(PROGRAM)
        shutil.copy(template, home / "wizhelper.db")
        time_, reactor, sites = ManualTime(), MemoryReactorClock(), []

        class CapturedSite(WebSite):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                sites.append(self)

        monkeypatch.setattr(server, "Database", ImmediateDatabase)
        monkeypatch.setattr(site_module, "openapi", SimpleNamespace(document=_document))
        monkeypatch.setattr(server, "WebSite", CapturedSite)
        monkeypatch.setattr(server, "now", time_.now)
        monkeypatch.setattr(server, "time", SimpleNamespace(time=time_.time, monotonic=time_.monotonic))
        monkeypatch.setattr(server, "web", SimpleNamespace(DIST=_web_apps(home / "dist")))
        monkeypatch.setattr(accounts_logins, "deferToThreadPool", immediate_thread)
        monkeypatch.setattr(recordings_service, "deferToThreadPool", immediate_thread)
        settings = server.Settings(
            data=home,
            port=8443,
            interface="127.0.0.1",
            certificate=None,
            database_url=database_url or sqlite_url(home / "wizhelper.db"),
            programs=home / "programs",
            hosts=("support.example",),
            secure=secure,
        )
        appliance = server.Appliance(settings, certificate if secure else None, Keys(b"k" * 32), reactor)
        appliance.db.upgrade()
        appliance.startService()
        site: Any = (reactor.sslServers if secure else reactor.tcpServers)[0][1]
        site.timeOut = None
        db = appliance.db
        assert isinstance(db, ImmediateDatabase)
        worlds.append(World(appliance, sites[0], site, time_, reactor, db, secure))
        return worlds[-1]

    yield make
    for world in worlds:
        finish(world.appliance.stopService())


@pytest.fixture
def make_world(
    template_database: Path, tmp_path: Path, certificate: tls.ServerCertificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    yield from _worlds(template_database, tmp_path, certificate, monkeypatch)


@pytest.fixture(scope="module")
def still_world(
    template_database: Path, tmp_path_factory: pytest.TempPathFactory, certificate: tls.ServerCertificate
) -> Iterator[World]:
    """One appliance for all tests of a module that leave it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        for make in _worlds(template_database, tmp_path_factory.mktemp("still"), certificate, patch):
            yield make()


@pytest.fixture
def world(make_world: Any) -> World:
    found: World = make_world()
    return found
