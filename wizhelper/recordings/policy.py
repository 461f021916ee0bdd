"""What a company wants recorded, who may list, play and delete, and its keys: plain functions of a Session and the time."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.http.api import Caller
from wizhelper.http.errors import ApiError
from wizhelper.recordings.model import Place, Policy, RecordingKey, RecordingSettings
from wizhelper.store import audit

LIST, PLAY, DELETE = "listers", "players", "deleters"
"""The three rights: columns of RecordingSettings."""


def settings_of(db: Session, company: int) -> RecordingSettings:
    """The company's; where it has decided nothing, the defaults, which are not stored by this."""
    found = db.get(RecordingSettings, company)
    if found is not None:
        return found
    made = RecordingSettings(company_id=company, policy=Policy.MAY, place=Place.BROWSER, quota_mb=50 * 1024)
    made.listers, made.players, made.deleters = ["admin", "auditor"], ["admin", "auditor"], ["admin"]
    return made


def is_recorded(db: Session, company: int) -> bool:
    """Whether every session is: the customer is told so in the consent."""
    return settings_of(db, company).policy == Policy.ALWAYS


def may(db: Session, caller: Caller, right: str) -> bool:
    return caller.role in getattr(settings_of(db, caller.company), right)


def require(db: Session, caller: Caller, right: str) -> None:
    """Raises ApiError("RECORDING_RIGHT")."""
    if not may(db, caller, right):
        raise ApiError("RECORDING_RIGHT")


def change(db: Session, now: datetime, caller: Caller, wanted: dict[str, Any]) -> RecordingSettings:
    """`wanted`: every column of RecordingSettings but the company. Raises ApiError("RECORDING_NO_KEY")."""
    needs_key = wanted["policy"] != Policy.OFF and wanted["place"] == Place.APPLIANCE
    if needs_key and current_key(db, caller.company) is None:
        raise ApiError("RECORDING_NO_KEY")
    if wanted["policy"] == Policy.ALWAYS and wanted["place"] != Place.APPLIANCE:
        raise ApiError("INVALID_FIELDS", fields={"place": "appliance, where every session is recorded"})
    row = settings_of(db, caller.company)
    changed = {name: [getattr(row, name), value] for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in wanted.items():
        setattr(row, name, value)
    db.add(row)
    audit.append(db, now, caller.company, caller.actor, "recording.settings_changed", changed)
    return row


def keys_of(db: Session, company: int) -> list[RecordingKey]:
    """Newest first: the first is the one in use."""
    query = select(RecordingKey).where(RecordingKey.company_id == company).order_by(RecordingKey.id.desc())
    return list(db.scalars(query))


def current_key(db: Session, company: int) -> RecordingKey | None:
    return next(iter(keys_of(db, company)), None)


def add_key(
    db: Session, now: datetime, caller: Caller, name: str, public: str, wrapped: dict[str, Any] | None
) -> RecordingKey:
    """A new pair; recordings are made for it from now on. Raises ApiError: INVALID_FIELDS, RECORDING_KEY_KNOWN."""
    if not _usable(bytes.fromhex(public)):
        raise ApiError("INVALID_FIELDS", fields={"public": "no X25519 key"})
    if any(key.public == public for key in keys_of(db, caller.company)):
        raise ApiError("RECORDING_KEY_KNOWN")
    digest = hashlib.sha256(bytes.fromhex(public)).hexdigest()
    key = RecordingKey(company_id=caller.company, name=name, public=public, fingerprint=digest, wrapped=wrapped)
    key.made_at, key.made_by = now, caller.account
    db.add(key)
    db.flush()
    facts = {"key": key.id, "name": name, "fingerprint": digest, "on_server": wrapped is not None}
    audit.append(db, now, caller.company, caller.actor, "recording.key_added", facts)
    return key


def take_off(db: Session, now: datetime, caller: Caller, number: int) -> None:
    """Removes the wrapped private key from the server: the company has it in a file. Raises ApiError("NOT_FOUND")."""
    key = db.get(RecordingKey, number)
    if key is None or key.company_id != caller.company:
        raise ApiError("NOT_FOUND")
    key.wrapped = None
    audit.append(db, now, caller.company, caller.actor, "recording.key_taken_off", {"key": number})


def _usable(public: bytes) -> bool:
    """A point of low order gives a secret that everybody knows."""
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        return False
    return True
