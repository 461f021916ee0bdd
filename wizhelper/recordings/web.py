"""Routes of the console that records: the policy, a recording's beginning, its chunks, its end (RC-REC)."""

from __future__ import annotations

import re

from pydantic import Field
from sqlalchemy.orm import Session

from wizhelper.http.api import OPERATORS, Call, Caller, Model, Routes, RowId
from wizhelper.http.errors import ApiError
from wizhelper.recordings import admin_web, rules
from wizhelper.recordings.model import Place, Policy
from wizhelper.recordings.policy import current_key, settings_of
from wizhelper.recordings.service import Recordings

HEX_HASH = r"^[0-9a-f]{64}$"
A_HASH = "0" * 64
A_SESSION = "00000000-0000-4000-8000-000000000000"
LONGEST_MS = 7 * 24 * 3600 * 1000


class KeyOut(Model):
    """`public`: X25519, hex."""

    id: int
    public: str


class PolicyOut(Model):
    """`key`: whom recordings on the appliance are made for."""

    policy: Policy
    place: Place
    key: KeyOut | None


class BeginIn(Model):
    """`sealed`: the content key, sealed to the company's key `key` (hex)."""

    session: str = Field(max_length=36, examples=[A_SESSION])
    key: RowId
    sealed: str = Field(pattern=rf"^[0-9a-f]{{{2 * rules.SEALED_BYTES}}}$", examples=["00" * rules.SEALED_BYTES])


class Begun(Model):
    """`head`: of the chain before the first chunk."""

    id: str
    head: str


class FinishIn(Model):
    """What the console has sent: the server must have the same."""

    chunks: int = Field(ge=0, le=rules.MAX_CHUNKS)
    head: str = Field(pattern=HEX_HASH, examples=[A_HASH])
    duration_ms: int = Field(ge=0, le=LONGEST_MS)


def _policy(db: Session, caller: Caller) -> PolicyOut:
    wanted, key = settings_of(db, caller.company), current_key(db, caller.company)
    shown = KeyOut(id=key.id, public=key.public) if key is not None else None
    return PolicyOut(policy=Policy(wanted.policy), place=Place(wanted.place), key=shown)


def make_routes(recordings: Recordings) -> Routes:
    routes = Routes("recordings")
    _add_upload(routes, recordings)
    admin_web.add_routes(routes, recordings)
    admin_web.add_settings(routes, recordings)
    return routes


def _add_upload(routes: Routes, recordings: Recordings) -> None:
    db = recordings.db

    @routes.get("/recording-policy", roles=OPERATORS, result=PolicyOut)
    async def policy(call: Call[None]) -> PolicyOut:
        """Whether and where the company wants sessions recorded, and the key to encrypt them for."""
        return await db.read(lambda s: _policy(s, call.caller))

    @routes.post("/recordings", roles=OPERATORS, body=BeginIn, result=Begun, status=201)
    async def begin(call: Call[BeginIn]) -> Begun:
        """Begins a recording of a session that runs."""
        form = call.body
        made = await recordings.begin(call.caller, form.session, form.key, form.sealed)
        return Begun(id=made.id, head=made.head)

    @routes.put(
        "/recordings/<uuid:id>/chunks/<int:num>", roles=OPERATORS, octets=True, max_bytes=rules.MAX_CHUNK_BYTES
    )
    async def add_chunk(call: Call[bytes]) -> None:
        """The next chunk, encrypted; query field sha256. Sent twice it is kept once."""
        recording, digest = str(call.path["id"]), call.query.get("sha256", "")
        await db.read(lambda s: rules.own(s, call.caller, recording))
        if not re.fullmatch(HEX_HASH, digest):
            raise ApiError("INVALID_FIELDS", fields={"sha256": "hex"})
        await recordings.add(call.caller, recording, int(call.path["num"]), call.body, digest)

    @routes.post("/recordings/<uuid:id>/abandon", roles=OPERATORS)
    async def abandon(call: Call[None]) -> None:
        """It broke off, and no more will come: what is there is kept as it is."""
        recording = str(call.path["id"])
        await db.run(lambda s: rules.give_up(s, recordings.now(), rules.own(s, call.caller, recording), call.caller.actor))

    @routes.post("/recordings/<uuid:id>/finish", roles=OPERATORS, body=FinishIn)
    async def finish(call: Call[FinishIn]) -> None:
        """That was all: the head of its chain goes into the session's events and the audit chain."""
        form, recording = call.body, str(call.path["id"])
        await db.run(
            lambda s: rules.finish(
                s, recordings.now(), call.caller, recording, form.chunks, form.head, form.duration_ms
            )
        )
