"""What a console may do to a PC beside looking and typing, as the PC's program tells it: events of the session's record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.live import Act
from wizhelper.records import events
from wizhelper.records.model import SessionEvent

AGENT = "agent"

ACTS = frozenset(
    {
        "recording_started",
        "recording_stopped",
        "screenshot",
        "clipboard_on",
        "clipboard_off",
        "process_killed",
        "url_opened",
        "command_run",
        "command_ended",
        "file_sent",
        "file_received",
        "folder_made",
        "file_renamed",
        "file_removed",
        "drawn",
        "terminal_opened",
        "terminal_closed",
        "reboot_asked",
        "reboot_refused",
        "printed",
        "print_ended",
        "pc_locked",
        "pc_logged_off",
        "share_started",
        "share_ended",
    }
)
"""Type of the event. A tool that adds one adds its words to the console's timeline, too."""

MAX_ACTS = 100_000
"""Events of acts per session: what comes after is not kept, and the last event says so."""

OVERFLOW = "acts_overflow"


def append(db: Session, session_id: str, at: datetime, acts: Sequence[Act]) -> None:
    """Raises RemoteProtocolError("BAD_LIVE") for an act that is none."""
    if any(act.name not in ACTS for act in acts):
        raise RemoteProtocolError("BAD_LIVE", "act")
    of_agent = SessionEvent.session_id == session_id, SessionEvent.actor == AGENT
    told = db.scalar(select(func.count()).where(*of_agent)) or 0
    for number, act in enumerate(acts, told):
        if number < MAX_ACTS:
            events.append(db, session_id, at, AGENT, act.name, {fact.name: fact.value for fact in act.facts})
        elif number == MAX_ACTS:
            events.append(db, session_id, at, AGENT, OVERFLOW, {})
