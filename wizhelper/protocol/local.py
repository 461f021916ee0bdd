"""Between the agent and its window, a child process: one JSON object a line, UTF-8, on the child's stdin and stdout.

`{"type":"submit_number","number":"123456"}`: `type` names the message, the other fields are those of its dataclass.
Both ends are the same program, yet decoding is as strict as for a peer: a line that does not fit is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from wizhelper.protocol import chat, messages
from wizhelper.protocol.control import Activity, SasPolicy
from wizhelper.protocol.errors import LocalProtocolError, RemoteProtocolError
from wizhelper.protocol.files import MAX_OFFERED

MAX_LINE_BYTES = messages.MAX_JSON_BYTES
MAX_NUMBER_LENGTH = 16
BAD_LINE = "BAD_LOCAL"


class EntryMode(StrEnum):
    """The two ways into a session (CUSTP-NUM, CUSTP-PICK)."""

    NUMBER = "number"
    PICK = "pick"


# The window -> the agent


@dataclass(frozen=True)
class SubmitNumber:
    """Digits only: the window has removed spaces and hyphens."""

    number: str


@dataclass(frozen=True)
class SubmitCompany:
    code: str


@dataclass(frozen=True)
class Pick:
    operator_id: int


@dataclass(frozen=True)
class ConsentAnswer:
    accepted: bool


@dataclass(frozen=True)
class ApproveAnswer:
    accepted: bool


@dataclass(frozen=True)
class RestartAnswer:
    accepted: bool


@dataclass(frozen=True)
class Verify:
    """The confirmation number as the person typed it, digits only."""

    number: str


@dataclass(frozen=True)
class EndSession:
    """The person ends the support: remote input must be dead within 200 ms."""


@dataclass(frozen=True)
class ShowReceipt:
    """The person wants to read on the server's page what was done."""


@dataclass(frozen=True)
class Report:
    """The person reports abuse of the session that just ended."""


@dataclass(frozen=True)
class Closed:
    """The person closed the window where that is possible: before a session, or after its end."""


@dataclass(frozen=True)
class Say:
    """The person writes to the operator; `text` as chat.fits says."""

    text: str


@dataclass(frozen=True)
class Dismiss:
    """Somebody who only looks on has to go: `person` is a key of People."""

    person: str


@dataclass(frozen=True)
class OfferFiles:
    """Files and folders for the operator: 1 to MAX_OFFERED absolute paths."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class ChooseLanguage:
    """`lang` is "ko" or "en": texts that the agent sends from now on should be in it."""

    lang: str


@dataclass(frozen=True)
class BarPlace:
    """Where the session bar is, in pixels as the window system counts them; width and height 0: there is none."""

    x: int
    y: int
    width: int
    height: int


FromWindow = (
    SubmitNumber
    | SubmitCompany
    | Pick
    | ConsentAnswer
    | ApproveAnswer
    | RestartAnswer
    | Verify
    | EndSession
    | Report
    | ShowReceipt
    | Closed
    | Say
    | Dismiss
    | OfferFiles
    | ChooseLanguage
    | BarPlace
)


# The agent -> the window


@dataclass(frozen=True)
class Entry:
    """Shows the entry page. `mode` as in EntryMode."""

    mode: str
    allow_toggle: bool
    message: str | None = None


@dataclass(frozen=True)
class OperatorItem:
    id: int
    display_name: str


@dataclass(frozen=True)
class Operators:
    """Who is waiting in the company asked for; may be empty."""

    items: tuple[OperatorItem, ...]


@dataclass(frozen=True)
class AskConsent:
    company: str
    operator: str
    title: str
    body: str
    version: int


@dataclass(frozen=True)
class AskApproval:
    operator: str


@dataclass(frozen=True)
class AskRestart:
    """The operator wants to restart this PC. The bar stays; RestartSettled takes the question away."""

    operator: str
    timeout_s: float


@dataclass(frozen=True)
class RestartSettled:
    """It was answered, or it is too late for an answer."""


@dataclass(frozen=True)
class Session:
    """The support runs: the bar appears. `sas`: the number to be shown when `sas_policy` is "shown", else empty; with
    "required" the person types what the operator reads out (Verify). `since_epoch_s`: seconds since 1970."""

    company: str
    operator: str
    since_epoch_s: float
    sas: str
    sas_policy: str
    verified: bool


@dataclass(frozen=True)
class Sas:
    """A new link of the same session: number and state as in Session."""

    sas: str
    sas_policy: str
    verified: bool


@dataclass(frozen=True)
class Status:
    """A passing state of the session, such as a lost connection; an empty text clears it."""

    code: str
    text: str


@dataclass(frozen=True)
class Activities:
    """What goes on now, all of it: values of control.Activity."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """An operator who sees this PC. `key` tells people of one name apart; one of them `controls`."""

    key: str
    name: str
    controls: bool


@dataclass(frozen=True)
class People:
    """Everybody who sees this PC now."""

    items: tuple[Person, ...]


@dataclass(frozen=True)
class ChatLine:
    """A line of the conversation, as in chat.Said."""

    customer: bool
    at_ms: int
    text: str


@dataclass(frozen=True)
class Busy:
    """Something takes time; the page stays, its buttons do not react until the next message."""

    text: str


@dataclass(frozen=True)
class ShowError:
    """Shown on the present page; what was typed stays."""

    code: str
    text: str
    next_step: str


@dataclass(frozen=True)
class Ended:
    """`can_report`: there was a session whose abuse could be reported. `has_receipt`: ShowReceipt will open its page."""

    reason_text: str
    can_report: bool = False
    has_receipt: bool = False


@dataclass(frozen=True)
class Quit:
    """The window closes and the process ends."""


ToWindow = (
    Entry
    | Operators
    | AskConsent
    | AskApproval
    | AskRestart
    | RestartSettled
    | Session
    | Sas
    | Status
    | Activities
    | People
    | ChatLine
    | Busy
    | ShowError
    | Ended
    | Quit
)

FROM_WINDOW: Mapping[str, type[Any]] = {
    "submit_number": SubmitNumber,
    "submit_company": SubmitCompany,
    "pick": Pick,
    "consent": ConsentAnswer,
    "approve": ApproveAnswer,
    "restart": RestartAnswer,
    "verify": Verify,
    "end": EndSession,
    "report": Report,
    "show_receipt": ShowReceipt,
    "closed": Closed,
    "say": Say,
    "dismiss": Dismiss,
    "offer_files": OfferFiles,
    "language": ChooseLanguage,
    "bar": BarPlace,
}

TO_WINDOW: Mapping[str, type[Any]] = {
    "entry": Entry,
    "operators": Operators,
    "consent": AskConsent,
    "approve": AskApproval,
    "restart": AskRestart,
    "restart_settled": RestartSettled,
    "session": Session,
    "sas": Sas,
    "status": Status,
    "activities": Activities,
    "people": People,
    "chat": ChatLine,
    "busy": Busy,
    "error": ShowError,
    "ended": Ended,
    "quit": Quit,
}

_NAMES = {kind: name for table in (FROM_WINDOW, TO_WINDOW) for name, kind in table.items()}


class LineBuffer:
    """Bytes in any pieces -> whole lines without their newline."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = b""

    def add(self, data: bytes) -> list[bytes]:
        """Raises RemoteProtocolError("BAD_LOCAL") when a line is longer than the limit."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if max(map(len, [*lines, self._rest])) > self._limit:
            raise RemoteProtocolError(BAD_LINE, "line too long")
        return lines


def encode(message: FromWindow | ToWindow) -> bytes:
    """One line without its newline. Raises LocalProtocolError("BAD_LOCAL") if it is longer than MAX_LINE_BYTES."""
    line = messages.dump_json({"type": _NAMES[type(message)], **asdict(message)})
    if len(line) > MAX_LINE_BYTES:
        raise LocalProtocolError(BAD_LINE, "too long")
    return line


def decode_from_window(line: bytes) -> FromWindow:
    """Raises RemoteProtocolError("BAD_LOCAL")."""
    message: FromWindow = _decode(FROM_WINDOW, line)
    if isinstance(message, SubmitNumber | Verify):
        _check(is_number(message.number), "number")
    if isinstance(message, Say):
        _check(chat.fits(message.text), "text")
    if isinstance(message, OfferFiles):
        _check(0 < len(message.paths) <= MAX_OFFERED, "paths")
    return message


def decode_to_window(line: bytes) -> ToWindow:
    """Raises RemoteProtocolError("BAD_LOCAL")."""
    message: ToWindow = _decode(TO_WINDOW, line)
    if isinstance(message, Entry):
        _check(message.mode in set(EntryMode), "mode")
    if isinstance(message, Session | Sas):
        _check(message.sas_policy in set(SasPolicy), "sas_policy")
    if isinstance(message, Activities):
        _check(set(message.names) <= set(Activity), "activities")
    return message


def is_number(text: str) -> bool:
    """A connection or confirmation number as it travels: ASCII digits and nothing else."""
    return 0 < len(text) <= MAX_NUMBER_LENGTH and text.isascii() and text.isdigit()


def _decode(kinds: Mapping[str, type[Any]], line: bytes) -> Any:
    value = messages.load_json(line, BAD_LINE, MAX_LINE_BYTES)
    _check(isinstance(value, dict), "not an object")
    name = value.pop("type", None)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise RemoteProtocolError(BAD_LINE, "unknown type")
    return messages.from_plain(kind, value, BAD_LINE)


def _check(true: bool, what: str) -> None:
    if not true:
        raise RemoteProtocolError(BAD_LINE, what)
