"""Registering this PC: its key is made here and never leaves it; the organisation's key is pinned from the answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from agent.device.store import DeviceStore, Registration
from agent.link import LinkError, ServerLink
from agent.platform.interface import HostInfo
from wizhelper import __version__
from wizhelper.protocol import messages
from wizhelper.protocol.device import About, enrolment_text, from_hex
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES


@dataclass(frozen=True)
class Application:
    """What the person typed, or the roll-out gave. `group`: "Head office/First floor", "" for unclassified."""

    company: str
    name: str
    group: str
    token: str | None


@dataclass(frozen=True)
class _Answer:
    device: str
    standing: str
    company: str
    name: str
    organisation: str


def about(host: HostInfo, instance: str) -> About:
    return About(
        instance,
        __version__,
        host.host_name[:255],
        host.user_name[:255],
        str(host.os),
        host.os_version[:100],
    )


async def enrol(server: ServerLink, store: DeviceStore, asked: Application, host: HostInfo) -> tuple[Registration, str]:
    """-> what is kept now, and the standing: "active" or "pending". Raises LinkError and OSError."""
    key = store.key()
    said = {name: value for name, value in asdict(about(host, "")).items() if name != "instance"}
    body = {
        **asdict(asked),
        "key": key.public.hex(),
        "signature": key.sign(enrolment_text(asked.company, asked.name, asked.group, key.public)).hex(),
        "about": said,
    }
    answer = _read(await server.post("/devices/enrol", body))
    ca = server.server.ca.decode() if server.server.ca is not None else None
    registration = Registration(server.server.base, ca, answer.device, answer.organisation, answer.company, answer.name)
    store.keep(registration)
    return registration, answer.standing


def _read(answer: dict[str, object]) -> _Answer:
    names = {field.name for field in fields(_Answer)}
    try:
        found = messages.from_plain(_Answer, {k: v for k, v in answer.items() if k in names}, "BAD_ANSWER")
        from_hex(found.organisation, KEY_BYTES, "BAD_ANSWER")
        return found
    except RemoteProtocolError as problem:
        raise LinkError(problem.code, problem.detail) from None
