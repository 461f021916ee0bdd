"""`wizhelper-agent enroll` and `wizhelper-agent device`. Both write one JSON object a line of what happens."""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from agent.access import (
    CONNECTION_FILE,
    ConnectionFile,
    Workshop,
    beside_program,
    language,
    read_connection_file,
    run_program,
)
from agent.device import ask, launcher
from agent.device.diary import Diary
from agent.device.enrolment import Application, enrol, grouped_key
from agent.device.release_keys import release_keys
from agent.device.service import DeviceService, Setting
from agent.device.store import DeviceStore, default_folder
from agent.device.versions import Versions
from agent.link import LinkError, ServerLink, parse_server
from agent.platform.interface import current_platform
from agent.platform.restart import current_restarter
from agent.restarting import RestartParts
from wizhelper import __version__
from wizhelper.protocol import local_device as wire

#: Where an installer leaves the connection file of a whole PC.
SYSTEM_CONNECTION_FILE = Path("/etc/wizhelper-agent") / CONNECTION_FILE


def tell(out: TextIO, event: str, **fields: Any) -> None:
    out.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
    out.flush()


def state_folder(options: Any) -> Path:
    return Path(options.state) if options.state else default_folder()


def run_enroll(options: Any, reactor: Any) -> int:
    return run_program(partial(_enroll, options, reactor), reactor)


async def _enroll(options: Any, reactor: Any) -> int:
    """Exit status 0 also for a device that waits for approval: it is registered, and the service may be started. A service that
    runs already and waits for its registration does it itself."""
    server = ServerLink(reactor, parse_server(options.server, options.ca), language(options.lang))
    host = current_platform().host()
    asked = Application(options.company, options.name or host.host_name, options.group, options.token)
    store = DeviceStore(state_folder(options))
    try:
        store.open()
    except LinkError as problem:
        if problem.code != "ALREADY_RUNNING":
            raise
        _told(await ask.register(reactor, store.folder, _request(server, asked), server.language))
        return 0
    try:
        registration, standing = await enrol(server, store, asked, host)
        key = grouped_key(store.key().public)
    except OSError as problem:
        raise LinkError("STATE_FOLDER", f"{problem.filename}: {problem.strerror}") from None
    tell(sys.stdout, "registered", device=registration.device, name=registration.name, standing=standing, key=key)
    return 0


def _request(server: ServerLink, asked: Application) -> wire.Register:
    ca = server.server.ca.decode() if server.server.ca is not None else None
    return wire.Register(server.server.base, asked.company, asked.name, asked.group, asked.token or "", ca)


def _told(state: wire.State) -> None:
    standing = "pending" if state.condition == wire.Condition.PENDING else "active"
    tell(sys.stdout, "registered", device=state.device, name=state.name, standing=standing, key=state.key)


def run_device(options: Any, reactor: Any) -> int:
    """Of what is installed, or of a newer version that runs in its place."""
    if launcher.is_launched():
        return run_program(partial(_device, options, reactor), reactor)
    versions = Versions(state_folder(options), __version__, release_keys())
    return launcher.run(versions, sys.argv[1:], lambda: run_program(partial(_device, options, reactor), reactor))


async def _device(options: Any, reactor: Any) -> int:
    store = DeviceStore(state_folder(options))
    store.open()
    restart = RestartParts(current_restarter(), store.folder, None)
    workshop = Workshop(current_platform(), "device", restart)
    setting = Setting(language(options.lang), options.wait, connection_beside(store.folder))
    diary = Diary(store.folder, time.time)
    try:
        service = DeviceService(reactor, store, workshop, setting, diary, partial(tell, sys.stdout))
        return await service.run(restart)
    finally:
        workshop.close()
        store.close()


def connection_beside(folder: Path) -> ConnectionFile | None:
    """What the installer, or the download, says about the server: where it is, and its CA."""
    for file in (folder / CONNECTION_FILE, beside_program(), SYSTEM_CONNECTION_FILE):
        if file is not None and file.is_file():
            return read_connection_file(file)
    return None
