"""A provider that the tests play: it records what it gets, and answers as it is told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, SecretStr
from twisted.internet.defer import Deferred, succeed

from tests.world import World
from wizhelper.sms.gateway import Accepted, BadSignature, Counting, DeliveryReport, OutgoingText, Uncertain
from wizhelper.sms.model import SmsMessage


class FakeSettings(BaseModel):
    provider: str
    port: int = 1
    key: SecretStr


@dataclass
class Provider:
    """`sent`: texts and their open answers, in order. `reports` are what a poll gives back."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    answers: list[Deferred[Accepted]] = field(default_factory=list)
    lost: list[Deferred[Accepted]] = field(default_factory=list)
    reports: list[DeliveryReport] = field(default_factory=list)
    asked: list[Sequence[str]] = field(default_factory=list)

    @property
    def sent(self) -> list[OutgoingText]:
        return [what for name, what in self.calls if name == "send"]

    def accept(self, provider_id: str = "p-1") -> None:
        self.answers.pop(0).callback(Accepted(provider_id=provider_id, raw_status="OK"))

    def lose(self) -> None:
        """No answer will come in this life of the server."""
        self.lost += self.answers
        self.answers.clear()

    def let_go(self) -> None:
        """So that the appliance can stop."""
        for answer in [*self.answers, *self.lost]:
            if not answer.called:
                answer.errback(Uncertain("the test is over"))

    def fail(self, problem: Exception) -> None:
        self.answers.pop(0).errback(problem)


class FakeGateway:
    kind = "fake"

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def send(self, text: OutgoingText) -> Deferred[Accepted]:
        self.provider.calls.append(("send", text))
        answer: Deferred[Accepted] = Deferred()
        self.provider.answers.append(answer)
        return answer

    def poll(self, provider_ids: Sequence[str]) -> Deferred[list[DeliveryReport]]:
        self.provider.asked.append(provider_ids)
        return succeed(list(self.provider.reports))

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        if headers.get("x-signature") != body.decode("latin-1")[::-1]:
            raise BadSignature("wrong")
        return list(self.provider.reports)

    def close(self) -> Deferred[None]:
        self.provider.calls.append(("close", None))
        return succeed(None)


class FindingGateway(FakeGateway):
    """A provider that can be asked by our own key. `known`: what it says it has."""

    known: Mapping[str, Accepted] = {}

    def find(self, text: OutgoingText) -> Deferred[Accepted | None]:
        self.provider.calls.append(("find", text.key))
        return succeed(self.known.get(text.key))


class FakeKind:
    """`providers`: by the name in the gateway's settings. `gateway`: the class that is opened."""

    name = "fake"
    settings: type[BaseModel] = FakeSettings
    counting = Counting.CP949
    callbacks = True

    def __init__(self) -> None:
        self.providers: dict[str, Provider] = {}
        self.gateway: type[FakeGateway] = FakeGateway
        self.opened: list[FakeSettings] = []

    def provider(self, name: str) -> Provider:
        return self.providers.setdefault(name, Provider())

    def open(self, settings: FakeSettings, reactor: Any, agent: Any) -> FakeGateway:
        self.opened.append(settings)
        return self.gateway(self.provider(settings.provider))


class Office:
    """An appliance whose company alpha sends through the fakes, seen by its operator and its administrator."""

    def __init__(self, world: World, kind: FakeKind) -> None:
        self.world, self.kind = world, kind
        self.boss = world.logged_in("boss")
        self.kim = world.logged_in("kim")

    def add_gateway(self, provider: str, **more: Any) -> int:
        body = {
            "kind": "fake",
            "name": provider,
            "sender": "02-1234-5678",
            "settings": {"provider": provider, "key": "k3y"},
        }
        answer = self.boss.api("POST", "/sms/gateways", {**body, **more})
        assert answer.status == 201, answer.text
        found: int = answer.json["id"]
        return found

    def set_limits(self, **values: Any) -> None:
        form = {**self.boss.api("GET", "/sms/settings").json, **values}
        assert self.boss.api("PUT", "/sms/settings", form).status == 200

    def waiting(self) -> dict[str, Any]:
        items = self.kim.api("GET", "/sessions").json["items"]
        waiting = [each for each in items if each["state"] == "WAITING"]
        found: dict[str, Any] = waiting[0] if waiting else self.kim.api("POST", "/sessions").json
        return found

    def order(self, to: str = "010-1234-5678", **more: Any) -> Any:
        template = self.kim.api("GET", "/sms/options").json["templates"][0]["id"]
        body = {"session": self.waiting()["id"], "template": template, "to": to, "request": str(uuid.uuid4())}
        return self.kim.api("POST", "/sms/messages", {**body, **more})

    def send(self, to: str = "010-1234-5678", **more: Any) -> str:
        """-> the id of the message."""
        answer = self.order(to, **more)
        assert answer.status == 201, answer.text
        found: str = answer.json["id"]
        return found

    def message(self, message: str) -> dict[str, Any]:
        found: dict[str, Any] = self.boss.api("GET", f"/sms/messages/{message}").json
        return found

    def state(self, message: str) -> str:
        return self.world.db.look(lambda s: s.get_one(SmsMessage, message)).state

    def tick(self, seconds: float = 2) -> None:
        self.world.advance(seconds)

    def token(self, message: str) -> str:
        text: str = self.message(message)["message"]["text"]
        return text.partition("/s/")[2].split()[0]
