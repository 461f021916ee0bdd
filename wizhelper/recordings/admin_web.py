"""Routes of administration: the list, playing, hold and deletion, each by its own right; policy and keys (RC-REC)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, field_validator
from sqlalchemy.orm import Session

from wizhelper.http.api import ADMINS, READERS, Call, Caller, Download, Model, Routes
from wizhelper.recordings import policy, rules
from wizhelper.recordings.model import Place, Policy, RecordingKey, RecordingSettings
from wizhelper.recordings.service import Recordings
from wizhelper.recordings.view import RecordingOut, RecordingPage, described, page
from wizhelper.store import audit

MAX_REASON = 500
MAX_QUOTA_MB = 100 * 1024 * 1024
Reader = Literal["admin", "group_admin", "auditor"]


class OpenIn(Model):
    """Why somebody looks: it is written into the audit chain."""

    purpose: Literal["play", "download"]
    reason: str = Field(min_length=1, max_length=MAX_REASON)


class ChunkOut(Model):
    size: int
    sha256: str


class KeyDetail(Model):
    """`wrapped`: the private key under the company's passphrase, where the company keeps it on the server."""

    id: int
    name: str
    public: str
    fingerprint: str
    wrapped: dict[str, Any] | None


class OpenedOut(Model):
    """`ticket`: the bearer of the requests for chunks. `sealed`: the content key (hex), which only `key` opens."""

    ticket: str
    recording: RecordingOut
    sealed: str
    key: KeyDetail
    chunks: list[ChunkOut]


class HoldIn(Model):
    held: bool


class SettingsIn(Model):
    """`listers`, `players`, `deleters`: roles."""

    policy: Policy
    place: Place
    listers: list[Reader] = Field(max_length=3)
    players: list[Reader] = Field(max_length=3)
    deleters: list[Reader] = Field(max_length=3)
    quota_mb: int = Field(ge=100, le=MAX_QUOTA_MB)

    @field_validator("listers", "players", "deleters")
    @classmethod
    def _once(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("a role twice")
        return sorted(value)


class SettingsOut(SettingsIn):
    used_bytes: int


class Derivation(Model):
    """How the passphrase becomes a key."""

    name: Literal["PBKDF2-SHA-256"]
    iterations: int = Field(ge=100_000, le=100_000_000)
    salt: str = Field(pattern=r"^[0-9a-f]{32,128}$")


class Wrapped(Model):
    """The private key (PKCS #8) under AES-256-GCM; hex."""

    kdf: Derivation
    iv: str = Field(pattern=r"^[0-9a-f]{24}$")
    data: str = Field(pattern=r"^[0-9a-f]{64,512}$")


class KeyIn(Model):
    """`public`: X25519, hex."""

    name: str = Field(min_length=1, max_length=100)
    public: str = Field(pattern=r"^[0-9a-f]{64}$", examples=["09" + "00" * 31])
    wrapped: Wrapped | None = None


class KeyRow(Model):
    id: int
    name: str
    fingerprint: str
    on_server: bool
    made_at: datetime
    current: bool


class KeyList(Model):
    items: list[KeyRow]


def add_routes(routes: Routes, recordings: Recordings) -> None:
    db = recordings.db

    @routes.get("/recordings", roles=READERS, result=RecordingPage)
    async def list_recordings(call: Call[None]) -> RecordingPage:
        """Recordings; query fields page, size, sort, session, from, to, q (right to list)."""
        return await db.read(lambda s: page(s, call, recordings.now()))

    @routes.post("/recordings/<uuid:id>/open", roles=READERS, body=OpenIn, result=OpenedOut)
    async def open_one(call: Call[OpenIn]) -> OpenedOut:
        """What is needed to decrypt one; who does it and why becomes a line (right to play)."""
        return await db.run(lambda s: _opened(s, recordings, call))

    @routes.get("/recordings/<uuid:id>/chunks/<int:num>", roles=READERS)
    async def chunk(call: Call[None]) -> Download:
        """One chunk, encrypted; the bearer is the ticket of `open`."""
        recording, number = str(call.path["id"]), int(call.path["num"])
        data = await recordings.chunk(call.caller, recording, number, call.bearer)
        return Download("chunk.bin", "application/octet-stream", data)

    @routes.put("/recordings/<uuid:id>/hold", roles=ADMINS, body=HoldIn, result=RecordingOut)
    async def hold(call: Call[HoldIn]) -> RecordingOut:
        """While it is held, nothing deletes it."""

        def work(session: Session) -> RecordingOut:
            row = rules.readable(session, call.caller, str(call.path["id"]))
            rules.hold(session, recordings.now(), call.caller, row, call.body.held)
            return described(session, row)

        return await db.run(work)

    @routes.delete("/recordings/<uuid:id>", roles=READERS)
    async def delete(call: Call[None]) -> None:
        """Deletes one for good (right to delete)."""
        recording = str(call.path["id"])

        def work(session: Session) -> None:
            row = rules.readable(session, call.caller, recording)
            policy.require(session, call.caller, policy.DELETE)
            rules.delete_one(session, recordings.now(), call.caller, row)

        await db.run(work)
        await recordings.delete_file(recording)


def _opened(db: Session, recordings: Recordings, call: Call[OpenIn]) -> OpenedOut:
    row = rules.readable(db, call.caller, str(call.path["id"]))
    policy.require(db, call.caller, policy.PLAY)
    key = db.get_one(RecordingKey, row.key_id)
    facts = {"recording": row.id, "session": row.session_id, "reason": call.body.reason}
    action = "recording.played" if call.body.purpose == "play" else "recording.downloaded"
    audit.append(db, recordings.now(), call.caller.company, call.caller.actor, action, facts)
    detail = KeyDetail(id=key.id, name=key.name, public=key.public, fingerprint=key.fingerprint, wrapped=key.wrapped)
    return OpenedOut(
        ticket=recordings.admit(call.caller, row.id),
        recording=described(db, row),
        sealed=row.sealed,
        key=detail,
        chunks=[ChunkOut(size=chunk.size, sha256=chunk.sha256) for chunk in rules.chunks_of(db, row.id)],
    )


def add_settings(routes: Routes, recordings: Recordings) -> None:
    db = recordings.db

    @routes.get("/recording-settings", roles=READERS, result=SettingsOut)
    async def settings(call: Call[None]) -> SettingsOut:
        """What is recorded, where to, and who may list, play and delete."""
        return await db.read(lambda s: _settings(s, policy.settings_of(s, call.caller.company)))

    @routes.put("/recording-settings", roles=ADMINS, body=SettingsIn, result=SettingsOut)
    async def change(call: Call[SettingsIn]) -> SettingsOut:
        """Changes it; it holds for control windows that are opened from now on."""
        wanted = call.body.model_dump(mode="json")
        return await db.run(lambda s: _settings(s, policy.change(s, recordings.now(), call.caller, wanted)))

    @routes.get("/recording-keys", roles=READERS, result=KeyList)
    async def keys(call: Call[None]) -> KeyList:
        """The company's recording keys, newest first."""
        return await db.read(lambda s: _keys(s, call.caller))

    @routes.post("/recording-keys", roles=ADMINS, body=KeyIn, result=KeyRow, status=201)
    async def add_key(call: Call[KeyIn]) -> KeyRow:
        """A new pair, made in the browser; recordings are made for it from now on."""
        form = call.body

        def work(session: Session) -> KeyRow:
            wrapped = form.wrapped.model_dump() if form.wrapped else None
            key = policy.add_key(session, recordings.now(), call.caller, form.name, form.public, wrapped)
            return _key(key, current=True)

        return await db.run(work)

    @routes.delete("/recording-keys/<int:id>/wrapped", roles=ADMINS)
    async def take_off(call: Call[None]) -> None:
        """Removes the wrapped private key from the server; the company's file is then the only one."""
        await db.run(lambda s: policy.take_off(s, recordings.now(), call.caller, int(call.path["id"])))


def _settings(db: Session, row: RecordingSettings) -> SettingsOut:
    found = {name: getattr(row, name) for name in SettingsIn.model_fields}
    used = rules.used_bytes(db, row.company_id)
    return SettingsOut.model_validate({**found, "used_bytes": used}, strict=False)


def _keys(db: Session, caller: Caller) -> KeyList:
    found = policy.keys_of(db, caller.company)
    return KeyList(items=[_key(key, current=number == 0) for number, key in enumerate(found)])


def _key(key: RecordingKey, *, current: bool) -> KeyRow:
    return KeyRow(
        id=key.id,
        name=key.name,
        fingerprint=key.fingerprint,
        on_server=key.wrapped is not None,
        made_at=key.made_at,
        current=current,
    )
