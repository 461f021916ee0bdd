"""Which devices are linked now, told to consoles in bundles; and the contest of two machines that have one key.

Rules without a transport. A bundle waits a moment, so that a thousand devices that come back at once are few messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from wizhelper.protocol import device as wire

BUNDLE_S = 0.3
BUNDLE_SIZE = 500
#: An agent answers at once; a half-open link of a PC that moved to another network never does.
ANSWER_S = 10.0


class DeviceLink(Protocol):
    """One linked device."""

    def send(self, message: dict[str, Any]) -> None: ...

    def close(self, reason: str) -> None: ...


class Delayed(Protocol):
    def cancel(self) -> None: ...


CallLater = Callable[..., Delayed]
Publish = Callable[[int, dict[str, Any]], None]


@dataclass
class _Place:
    company: int
    link: DeviceLink
    instance: str


class Presence:
    """`publish(company, message)` tells the company's consoles who came and went."""

    def __init__(self, call_later: CallLater, publish: Publish) -> None:
        self._call_later = call_later
        self.publish = publish
        self._places: dict[str, _Place] = {}
        self._contested: dict[str, DeviceLink] = {}
        self._changed: dict[int, set[str]] = {}
        self._bundle: Delayed | None = None

    def online(self, device: str) -> bool:
        return device in self._places

    def all_online(self) -> frozenset[str]:
        return frozenset(self._places)

    def joined(self, device: str, company: int, link: DeviceLink, instance: str) -> None:
        """The newest link has the place. If the older is of another start of the agent, it is asked whether it still lives:
        whoever answers is a second machine with the same key (`still_there`)."""
        old = self._places.get(device)
        self._places[device] = _Place(company, link, instance)
        self._note(company, device)
        if old is None or old.link is link:
            return
        if old.instance == instance:
            old.link.close("REPLACED")
            return
        before = self._contested.pop(device, None)
        if before is not None:
            before.close("REPLACED")
        self._contested[device] = old.link
        old.link.send(wire.plain(wire.AreYouThere()))
        self._call_later(ANSWER_S, self._no_answer, device, old.link)

    def _no_answer(self, device: str, link: DeviceLink) -> None:
        if self._contested.get(device) is link:
            del self._contested[device]
            link.close("REPLACED")

    def still_there(self, device: str, link: DeviceLink) -> bool:
        """True if the answer came from the older of two links: two machines have this key."""
        return self._contested.get(device) is link

    def left(self, device: str, link: DeviceLink) -> bool:
        """True if that was the device's present link."""
        if self._contested.get(device) is link:
            del self._contested[device]
        place = self._places.get(device)
        if place is None or place.link is not link:
            return False
        del self._places[device]
        self._note(place.company, device)
        return True

    def send(self, device: str, message: wire.ServerMessage) -> bool:
        """False if the device is not linked."""
        place = self._places.get(device)
        if place is None:
            return False
        place.link.send(wire.plain(message))
        return True

    def tell_again(self, company: int, device: str) -> None:
        """Consoles look at the device anew: something other than its presence has changed."""
        self._note(company, device)

    def close(self, device: str, reason: str) -> None:
        """Every link of the device, the contested one too."""
        place = self._places.get(device)
        for link in (self._contested.pop(device, None), place.link if place else None):
            if link is not None:
                link.close(reason)

    def stop(self) -> None:
        for device in list(self._places):
            self.close(device, "SERVER_STOPPING")

    def _note(self, company: int, device: str) -> None:
        self._changed.setdefault(company, set()).add(device)
        if self._bundle is None:
            self._bundle = self._call_later(BUNDLE_S, self._tell)

    def _tell(self) -> None:
        self._bundle = None
        changed, self._changed = self._changed, {}
        for company, devices in changed.items():
            ordered = sorted(devices)
            for start in range(0, len(ordered), BUNDLE_SIZE):
                part = ordered[start : start + BUNDLE_SIZE]
                online = [d for d in part if d in self._places]
                offline = [d for d in part if d not in self._places]
                self.publish(company, {"type": "devices", "online": online, "offline": offline})
