"""What the outbox asks of a provider's driver, and what a driver answers. A driver knows no database and no company.

A driver decides one thing with care: whether the provider took a text. `Refused` says certainly not, so that another
gateway may be tried; everything after which the provider may have taken it, and no answer says so, is `Uncertain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel
from twisted.internet.defer import Deferred
from twisted.web.iweb import IAgent


class TextKind(StrEnum):
    """Korean price classes: a short text of 90 bytes, a long one of 2,000 with a subject. Elsewhere all are SMS."""

    SMS = "SMS"
    LMS = "LMS"


class Counting(StrEnum):
    """How a provider measures a text (counting.py)."""

    CP949 = "cp949"
    GSM = "gsm"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingText:
    """`key`: the outbox's id of the message, the same at every try. `to`: E.164, "+821012345678". `sender`: as it is
    registered with the provider, digits only."""

    key: str
    to: str
    sender: str
    text: str
    kind: TextKind
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took the text. `provider_id` is what reports and `poll` name."""

    provider_id: str
    raw_status: str


class DeliveryState(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """`code`: the provider's own word for it. `at`: aware UTC, None where the provider does not say."""

    provider_id: str
    state: DeliveryState
    code: str
    at: datetime | None


class Refused(Exception):
    """The provider certainly did not take the text. `retry`: it may take it later; else it never will.

    `code` and `detail` are kept and shown to administrators: no secret and no whole telephone number may be in them.
    """

    def __init__(self, code: str, detail: str = "", *, retry: bool) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.retry = retry


class Uncertain(Exception):
    """The text went out and no answer came: it must not go to another gateway, nor be sent again blindly."""


class BadSignature(Exception):
    """A callback that the provider did not sign."""


class Gateway(Protocol):
    """An open connection to one provider with one company's settings."""

    kind: str

    def send(self, text: OutgoingText) -> Deferred[Accepted]:
        """Fails with Refused or Uncertain, and with nothing else."""

    def poll(self, provider_ids: Sequence[str]) -> Deferred[list[DeliveryReport]]:
        """What is known of these now; ids of which nothing is known are left out. A driver to which reports come by
        themselves gives back those that came. Fails with Refused when the provider cannot be asked."""

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        """What the provider says on its own. Header names in lower case. Raises BadSignature for all that it did not
        sign or that cannot be read."""

    def close(self) -> Deferred[None]: ...


@runtime_checkable
class Finder(Protocol):
    """A gateway that can also be asked by our own key, after a crash between its answer and our note of it."""

    def find(self, text: OutgoingText) -> Deferred[Accepted | None]:
        """None: the provider certainly has no such text. Fails with Refused when it cannot be asked."""


class GatewayKind(Protocol):
    """A provider. `settings`: its fields make the form of the administration page; secrets are pydantic SecretStr.

    `callbacks`: whether the provider can call back, so that the page shows the address to give to it.
    """

    name: str
    settings: type[BaseModel]
    counting: Counting
    callbacks: bool

    def open(self, settings: Any, reactor: Any, agent: IAgent) -> Gateway:
        """`settings` is an instance of `self.settings`. `agent` refuses addresses that a gateway must not reach.

        Waits for nothing: a line that is down is made later, and texts are Refused until then. May raise OSError."""
