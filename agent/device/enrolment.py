"""Registering this PC: its key is made here and never leaves it; the organisation's key is pinned from the answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from agent.device.store import DeviceStore, Registration
from agent.link import LinkError, ServerLink
from agent.platform.interface import HostInfo
from wizhelper import __version__
from wizhelper.protocol import messages
from wizhelper.protocol.device import About, enrolment_text, from_hex
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.secure import KEY_BYTES

T = TypeVar("T")


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


def grouped_key(public: bytes) -> str:
    """The first half of the key as an administrator compares it with the page before he approves: "9f86 d081 ..."."""
    text = public.hex()[:32]
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


@dataclass(frozen=True)
class OfferedGroups:
    """`groups`: paths, as an Application names one; `company`: its name."""

    company: str
    groups: tuple[str, ...]


async def groups_of(server: ServerLink, company: str, token: str | None) -> OfferedGroups:
    """The groups that a PC may be registered into. Raises LinkError."""
    return _read(OfferedGroups, await server.post("/devices/enrol/groups", {"company": company, "token": token}))


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
    answer = _registered(await server.post("/devices/enrol", body))
    ca = server.server.ca.decode() if server.server.ca is not None else None
    registration = Registration(server.server.base, ca, answer.device, answer.organisation, answer.company, answer.name)
    store.keep(registration)
    return registration, answer.standing


def _registered(answer: dict[str, Any]) -> _Answer:
    found = _read(_Answer, answer)
    try:
        from_hex(found.organisation, KEY_BYTES, "BAD_ANSWER")
    except RemoteProtocolError as problem:
        raise LinkError(problem.code, problem.detail) from None
    return found


def _read(kind: type[T], answer: dict[str, Any]) -> T:
    """The fields of `kind`; others are left aside, so that a newer server may say more. Raises LinkError."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    try:
        return messages.from_plain(kind, {k: v for k, v in answer.items() if k in names}, "BAD_ANSWER")
    except RemoteProtocolError as problem:
        raise LinkError(problem.code, problem.detail) from None
