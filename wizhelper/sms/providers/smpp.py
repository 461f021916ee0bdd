"""SMPP 3.4: a standing connection to a carrier's or an aggregator's message centre.

A long text goes out in parts, the first alone: until the centre took that one, the text can go to another gateway. The id
that is kept is the ids of all parts, so that receipts find their text after a restart; a text is delivered when every
part is, and failed when one is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import deferLater
from twisted.web.iweb import IAgent

from wizhelper.sms.gateway import (
    Accepted,
    BadSignature,
    Counting,
    DeliveryReport,
    DeliveryState,
    OutgoingText,
    Refused,
    Uncertain,
)
from wizhelper.sms.numbers import national
from wizhelper.sms.providers.smpp_codec import Address, BadPdu, Delivered, bind_body, message_id, submit_body
from wizhelper.sms.providers.smpp_link import Link
from wizhelper.sms.providers.smpp_receipt import Receipt, receipt
from wizhelper.sms.providers.smpp_text import Alphabet, written
from wizhelper.sms.providers.web_api import international_sender

MAX_ID = 200
"""Of an id as the outbox keeps it."""
MAX_RECEIPTS = 10_000
PART_WAITS_S = (1, 2, 4)
"""Before a later part goes out again that the centre refused for now."""
INTERNATIONAL, UNKNOWN, NAME, TELEPHONE = 1, 0, 5, 1


class Numbers(StrEnum):
    """How numbers are written: "821012345678", or "01012345678" as they are dialled in Korea."""

    INTERNATIONAL = "international"
    NATIONAL = "national"


class ReceiptIds(StrEnum):
    """Some centres answer with a hexadecimal id and write it in decimal in the receipt."""

    SAME = "same"
    DECIMAL = "decimal"


class SmppSettings(BaseModel):
    """`data_coding`: the number of cp949 at this centre, of use with that alphabet only."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(pattern=r"^[A-Za-z0-9._-]{1,253}$", examples=["smpp.example.com"])
    port: int = Field(default=2775, ge=1, le=65535)
    tls: bool = False
    system_id: str = Field(min_length=1, max_length=15)
    password: SecretStr = Field(max_length=64)
    system_type: str = Field(default="", max_length=12)
    alphabet: Alphabet = Alphabet.AUTO
    data_coding: int = Field(default=0, ge=0, le=255)
    numbers: Numbers = Numbers.INTERNATIONAL
    receipt_ids: ReceiptIds = ReceiptIds.SAME
    window: int = Field(default=10, ge=1, le=100)

    @field_validator("system_id", "system_type")
    @classmethod
    def _ascii(cls, value: str) -> str:
        if not value.isascii() or not (value.isprintable() or not value):
            raise ValueError("letters, digits and signs of ASCII")
        return value

    @field_validator("password")
    @classmethod
    def _ascii_password(cls, value: SecretStr) -> SecretStr:
        cls._ascii(value.get_secret_value())
        return value


@runtime_checkable
class Connector(Protocol):
    """What opens connections only to addresses that a gateway may reach (outgoing.py)."""

    def endpoint_to(self, host: str, port: int, tls: bool) -> IStreamClientEndpoint: ...


class SmppGateway:
    kind = "smpp"

    def __init__(self, settings: SmppSettings, reactor: Any, connector: Connector) -> None:
        self._settings = settings
        self._reactor = reactor
        self._receipts: OrderedDict[str, Receipt] = OrderedDict()
        self._wholes: OrderedDict[str, str] = OrderedDict()
        endpoint = connector.endpoint_to(settings.host, settings.port, settings.tls)
        bind = bind_body(settings.system_id, settings.password.get_secret_value(), settings.system_type)
        self._link = Link(reactor, endpoint, bind, settings.window, self._heard)

    # --- out --------------------------------------------------------------------------------------------------------

    def send(self, text: OutgoingText) -> Deferred[Accepted]:
        return Deferred.fromCoroutine(self._send(text))

    async def _send(self, text: OutgoingText) -> Accepted:
        bodies = self._bodies(text)
        ids = [await self._first(bodies[0])]
        for number, body in enumerate(bodies[1:], start=2):
            try:
                ids.append(await self._later(body))
            except (Refused, Uncertain) as problem:
                reason = problem.code if isinstance(problem, Refused) else str(problem)
                raise Uncertain(f"part {number} of {len(bodies)}: {reason}") from problem
        return Accepted(provider_id=self._remembered(ids), raw_status="SMPP_00")

    def _bodies(self, text: OutgoingText) -> list[bytes]:
        settings = self._settings
        reference = crc32(text.key.encode()) & 0xFF
        made = written(text.text, settings.alphabet, settings.data_coding, reference)
        ends = (_source(text.sender, settings.numbers), _destination(text.to, settings.numbers))
        return [submit_body(*ends, p.text, coding=made.coding, has_header=p.has_header) for p in made.pieces]

    async def _first(self, body: bytes) -> str:
        return self._id_of((await self._link.submit(body)).body)

    async def _later(self, body: bytes) -> str:
        for wait_s in PART_WAITS_S:
            try:
                return await self._first(body)
            except Refused as problem:
                if not problem.retry:
                    raise
            await deferLater(self._reactor, wait_s)
        return await self._first(body)

    def _id_of(self, body: bytes) -> str:
        try:
            found = message_id(body)
        except BadPdu as problem:
            raise Uncertain("an answer without a message id") from problem
        if not found:
            raise Uncertain("an answer without a message id")
        if self._settings.receipt_ids is ReceiptIds.DECIMAL:
            return _decimal(found, 16)
        return found

    def _remembered(self, ids: list[str]) -> str:
        """The id of the whole text: of its last part alone where all do not fit into what the outbox keeps."""
        whole = ",".join(ids)
        whole = whole if len(whole) <= MAX_ID else ids[-1]
        for each in whole.split(","):
            self._wholes[each] = whole
        _trim(self._wholes)
        return whole

    # --- delivery ---------------------------------------------------------------------------------------------------

    def _heard(self, said: Delivered) -> None:
        """A receipt is kept until somebody asks. Texts of people to our number are answered and dropped."""
        found = receipt(said) if said.is_receipt else None
        if found is None or found.state is DeliveryState.SENT:
            return
        name = _decimal(found.message, 10) if self._settings.receipt_ids is ReceiptIds.DECIMAL else found.message
        self._receipts[name] = found
        _trim(self._receipts)

    def poll(self, provider_ids: Sequence[str]) -> Deferred[list[DeliveryReport]]:
        heard = (self._wholes[part] for part in self._receipts if part in self._wholes)
        wanted = dict.fromkeys([*provider_ids, *heard])
        return succeed([report for report in map(self._report, wanted) if report is not None])

    def _report(self, whole: str) -> DeliveryReport | None:
        """None while parts are on their way. What is reported is forgotten."""
        parts = whole.split(",")
        known = [self._receipts[part] for part in parts if part in self._receipts]
        bad = [each for each in known if each.state is not DeliveryState.DELIVERED]
        if not bad and len(known) < len(parts):
            return None
        said = bad[0] if bad else known[-1]
        for part in parts:
            self._receipts.pop(part, None)
            self._wholes.pop(part, None)
        return DeliveryReport(provider_id=whole, state=said.state, code=said.code, at=None)

    def callback(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> list[DeliveryReport]:
        raise BadSignature("a message centre does not call by HTTP")

    def close(self) -> Deferred[None]:
        return self._link.close()


def _source(sender: str, numbers: Numbers) -> Address:
    if not sender.isdigit():
        return Address(ton=NAME, npi=0, digits=sender)
    if numbers is Numbers.INTERNATIONAL and sender.startswith("0"):
        return Address(ton=INTERNATIONAL, npi=TELEPHONE, digits=international_sender(sender))
    return Address(ton=UNKNOWN, npi=TELEPHONE, digits=sender)


def _destination(number: str, numbers: Numbers) -> Address:
    if numbers is Numbers.NATIONAL and national(number).startswith("0"):
        return Address(ton=UNKNOWN, npi=TELEPHONE, digits=national(number))
    return Address(ton=INTERNATIONAL, npi=TELEPHONE, digits=number.removeprefix("+"))


def _decimal(written_id: str, base: int) -> str:
    """One spelling for an id that is a number; others stay as they are."""
    try:
        return str(int(written_id, base))
    except ValueError:
        return written_id


def _trim(store: OrderedDict[str, Any]) -> None:
    while len(store) > MAX_RECEIPTS:
        store.popitem(last=False)


class SmppKind:
    name = "smpp"
    settings: type[BaseModel] = SmppSettings
    counting = Counting.GSM
    callbacks = False

    def open(self, settings: SmppSettings, reactor: Any, agent: IAgent) -> SmppGateway:
        if not isinstance(agent, Connector):
            raise OSError("this agent opens no connections but those of HTTP")
        return SmppGateway(settings, reactor, agent)
