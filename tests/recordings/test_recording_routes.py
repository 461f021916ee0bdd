"""RC-REC ADM-REC-WORK: encrypted recordings on the appliance, from the console's first chunk to the deletion with proof."""

from __future__ import annotations

import hashlib
import json
import struct
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakes import Answer, Browser, finish
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.world import World
from wizhelper.recordings import rules
from wizhelper.recordings.model import Recording
from wizhelper.recordings.vault import KEEP_FREE
from wizhelper.records import events, evidence_verify
from wizhelper.records.model import ConsentRecord, SessionEvent, SessionParticipant, SupportSession
from wizhelper.retention.model import RetentionSettings
from wizhelper.retention.web import Retention
from wizhelper.settings.right_words import asked_for
from wizhelper.store import audit
from wizhelper.store.audit import AuditLine
from wizhelper.support import joining

PUBLIC = "09" + "00" * 31
SEALED = "ab" * rules.SEALED_BYTES
CHUNK = b"\x01" + b"ciphertext" * 50
SETTINGS: dict[str, Any] = {
    "policy": "may",
    "place": "appliance",
    "listers": ["admin", "auditor"],
    "players": ["admin"],
    "deleters": ["admin"],
    "quota_mb": 100,
}
REASON = {"purpose": "play", "reason": "a complaint"}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def running(world: World, owner: str = "kim", company: str = "alpha") -> str:
    account = world.account(owner, company)
    number = {"alpha": 1, "beta": 2}[company]

    def work(db: Session) -> str:
        at = world.time.now()
        row = SupportSession(id=str(uuid.uuid4()), company_id=number, owner_id=account, state="ACTIVE", host_name="PC-7")
        row.created_at = row.connected_at = row.state_since = at
        db.add(row)
        return row.id

    return world.db.transact(work)


@dataclass
class Upload:
    """A console that records: it keeps the chain as the real one does."""

    browser: Browser
    id: str
    head: str
    sent: list[bytes] = field(default_factory=list)

    def put(self, data: bytes, number: int | None = None, digest: str | None = None) -> Answer:
        path = f"/recordings/{self.id}/chunks/{number or len(self.sent) + 1}?sha256={digest or sha(data)}"
        return self.browser.api("PUT", path, data=data, headers={"Content-Type": "application/octet-stream"})

    def add(self, data: bytes) -> None:
        assert self.put(data).status == 204
        self.sent.append(data)
        parts = (bytes.fromhex(self.head), struct.pack(">I", len(self.sent)), hashlib.sha256(data).digest())
        self.head = sha(b"".join(parts))

    def finish(self, **other: Any) -> Answer:
        form = {"chunks": len(self.sent), "head": self.head, "duration_ms": 4000, **other}
        return self.browser.api("POST", f"/recordings/{self.id}/finish", form)


def ready(world: World, company: str = "alpha", **other: Any) -> int:
    """The company has a key, and wants recordings on the appliance. -> the key's number"""
    boss = world.logged_in("boss", company)
    key = boss.api("POST", "/recording-keys", {"name": "2026", "public": PUBLIC})
    assert key.status == 201
    assert boss.api("PUT", "/recording-settings", {**SETTINGS, **other}).status == 200
    return int(key.json["id"])


def begun(world: World, key: int, session: str | None = None, login: str = "kim") -> Upload:
    browser = world.logged_in(login)
    form = {"session": session or running(world), "key": key, "sealed": SEALED}
    answer = browser.api("POST", "/recordings", form)
    assert answer.status == 201, answer.text
    return Upload(browser, answer.json["id"], answer.json["head"])


def finished(world: World, key: int, *chunks: bytes) -> Upload:
    upload = begun(world, key)
    for data in chunks or (CHUNK,):
        upload.add(data)
    assert upload.finish().status == 204
    return upload


def file_of(world: World, recording: str) -> Path:
    return world.appliance._settings.data / "recordings" / f"{recording}.whr"


def newest(world: World) -> tuple[str, Any]:
    line = world.db.look(lambda s: s.scalar(select(AuditLine).order_by(AuditLine.seq.desc()).limit(1)))
    assert line is not None
    return line.action, json.loads(line.body)[5]


def test_chunks_are_kept_as_they_came_and_the_head_is_in_the_audit_chain(world: World) -> None:
    upload = begun(world, ready(world))
    assert newest(world)[0] == "recording.begun"
    first = hashlib.sha256(b"WizHelper recording 1" + uuid.UUID(upload.id).bytes + bytes.fromhex(SEALED)).hexdigest()
    assert upload.head == first
    for data in (CHUNK, b"two", b"three" * 1000):
        upload.add(data)
    assert upload.finish().status == 204
    assert file_of(world, upload.id).read_bytes() == b"".join(upload.sent)
    assert file_of(world, upload.id).stat().st_mode & 0o077 == 0
    event = world.db.look(lambda s: s.scalar(select(SessionEvent).where(SessionEvent.type == "recording_finished")))
    assert event is not None and event.data["head"] == upload.head and event.data["chunks"] == 3
    assert newest(world)[0] == "session.recording_finished"
    assert world.db.look(audit.verify).problem is None
    assert upload.finish().status == 204, "its answer may have been lost"


def test_a_chunk_that_comes_again_is_kept_once_and_none_comes_out_of_order(world: World) -> None:
    upload = begun(world, ready(world))
    upload.add(CHUNK)
    assert upload.put(CHUNK, number=1).status == 204
    assert upload.put(b"other", number=1).code == "RECORDING_ORDER"
    answer = upload.put(b"third", number=3)
    assert answer.code == "RECORDING_ORDER" and answer.json["error"]["details"] == {"next": 2}
    assert file_of(world, upload.id).read_bytes() == CHUNK
    upload.add(b"second")
    assert upload.finish().status == 204
    assert upload.put(b"late").code == "RECORDING_CLOSED"
    assert upload.put(b"second", number=2).status == 204


def test_wrong_hashes_and_sizes_are_refused(world: World) -> None:
    upload = begun(world, ready(world))
    assert upload.put(CHUNK, digest="0" * 64).code == "RECORDING_HASH"
    assert upload.put(CHUNK, digest="zz").code == "INVALID_FIELDS"
    assert upload.put(b"").code == "TOO_LARGE"
    assert upload.put(b"x" * (rules.MAX_CHUNK_BYTES + 1)).code == "TOO_LARGE"
    assert upload.put(CHUNK, number=rules.MAX_CHUNKS + 1).code == "TOO_LARGE"
    assert not file_of(world, upload.id).exists()
    upload.add(b"x" * rules.MAX_CHUNK_BYTES)
    assert upload.finish(head="0" * 64).code == "RECORDING_HASH"
    assert upload.finish(chunks=2).code == "RECORDING_ORDER"


def test_a_crash_between_file_and_row_does_no_harm(world: World) -> None:
    upload = begun(world, ready(world))
    upload.add(CHUNK)
    with file_of(world, upload.id).open("ab") as file:
        file.write(b"half a chunk that no row knows")
    upload.add(b"second")
    assert file_of(world, upload.id).read_bytes() == CHUNK + b"second"


def test_only_a_running_session_of_ones_own_or_shared_is_recorded_and_only_with_the_newest_key(world: World) -> None:
    old = ready(world)
    session, lee = running(world), world.logged_in("lee")
    form = {"session": session, "key": old, "sealed": SEALED}
    assert lee.api("POST", "/recordings", form).code == "NOT_FOUND"
    part = SessionParticipant(session_id=session, account_id=world.account("lee"), role="observer")
    part.from_at = world.time.now()
    world.db.transact(lambda s: s.add(part))
    assert lee.api("POST", "/recordings", form).status == 201
    world.logged_in("boss").api("POST", "/recording-keys", {"name": "new", "public": "0a" + "00" * 31})
    kim = world.logged_in("kim")
    assert kim.api("POST", "/recordings", form).code == "RECORDING_KEY_OLD"
    policy = kim.api("GET", "/recording-policy").json
    assert policy == {"policy": "may", "place": "appliance", "key": {"id": policy["key"]["id"], "public": "0a" + "00" * 31}}
    world.db.transact(lambda s: s.execute(update(SupportSession).values(state="COMPLETED")))
    assert kim.api("POST", "/recordings", {**form, "key": policy["key"]["id"]}).code == "SESSION_STATE"
    foreign = running(world, company="beta")
    assert kim.api("POST", "/recordings", {**form, "session": foreign}).code == "NOT_FOUND"
    assert kim.api("POST", "/recordings", {**form, "sealed": "ab"}).code == "INVALID_FIELDS"


def test_nothing_is_recorded_here_where_the_policy_says_so(world: World) -> None:
    key = ready(world)
    for settings in ({"policy": "off"}, {"place": "browser"}):
        world.logged_in("boss").api("PUT", "/recording-settings", {**SETTINGS, **settings})
        form = {"session": running(world), "key": key, "sealed": SEALED}
        assert world.logged_in("kim").api("POST", "/recordings", form).code == "RECORDING_OFF"


def test_chunks_of_others_do_not_exist(world: World) -> None:
    upload = begun(world, ready(world))
    for login, company in (("lee", "alpha"), ("kim", "beta")):
        other = Upload(world.logged_in(login, company), upload.id, upload.head)
        assert other.put(CHUNK).code == "NOT_FOUND" == other.finish().code


def test_quota_and_disk_stop_recordings_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ready(world)
    upload = begun(world, key)
    monkeypatch.setattr(world.appliance.recordings._vault, "_free", lambda _folder: KEEP_FREE - 0.001)
    assert upload.put(CHUNK).code == "RECORDING_DISK"
    answer = upload.browser.api("POST", "/recordings", {"session": running(world), "key": key, "sealed": SEALED})
    assert (answer.status, answer.code) == (507, "RECORDING_DISK")
    monkeypatch.setattr(world.appliance.recordings._vault, "_free", lambda _folder: KEEP_FREE)
    upload.add(CHUNK)
    world.db.transact(lambda s: s.execute(update(Recording).values(bytes=100 * rules.MIB)))
    answer = upload.browser.api("POST", "/recordings", {"session": running(world), "key": key, "sealed": SEALED})
    assert answer.code == "RECORDING_QUOTA"
    assert upload.browser.api("GET", "/sessions").status == 200


def test_a_finished_one_is_opened_with_a_reason_and_its_chunks_come_back(world: World) -> None:
    upload = finished(world, ready(world), CHUNK, b"two")
    boss = world.logged_in("boss")
    assert boss.api("POST", f"/recordings/{upload.id}/open", {"purpose": "play", "reason": ""}).code == "INVALID_FIELDS"
    opened = boss.api("POST", f"/recordings/{upload.id}/open", REASON).json
    action, facts = newest(world)
    assert action == "recording.played" and facts["reason"] == "a complaint" and facts["recording"] == upload.id
    assert opened["sealed"] == SEALED and opened["key"]["public"] == PUBLIC
    assert opened["chunks"] == [{"size": len(data), "sha256": sha(data)} for data in upload.sent]
    bearer = {"Authorization": f"Bearer {opened['ticket']}"}
    found = [boss.api("GET", f"/recordings/{upload.id}/chunks/{n}", headers=bearer).body for n in (1, 2)]
    assert found == upload.sent
    assert boss.api("GET", f"/recordings/{upload.id}/chunks/3", headers=bearer).code == "NOT_FOUND"
    assert boss.api("GET", f"/recordings/{upload.id}/chunks/1").code == "RECORDING_TICKET"
    other = finished(world, opened["key"]["id"])
    assert boss.api("GET", f"/recordings/{other.id}/chunks/1", headers=bearer).code == "RECORDING_TICKET"
    world.advance(minutes=241)
    late = world.logged_in("boss").api("GET", f"/recordings/{upload.id}/chunks/1", headers=bearer)
    assert late.code == "RECORDING_TICKET"


def test_a_file_that_was_cut_is_said_to_be_damaged(world: World) -> None:
    upload = finished(world, ready(world), CHUNK, b"two")
    boss = world.logged_in("boss")
    ticket = boss.api("POST", f"/recordings/{upload.id}/open", REASON).json["ticket"]
    file_of(world, upload.id).write_bytes(CHUNK + b"t")
    answer = boss.api("GET", f"/recordings/{upload.id}/chunks/2", headers={"Authorization": f"Bearer {ticket}"})
    assert (answer.status, answer.code) == (410, "RECORDING_DAMAGED")
    file_of(world, upload.id).unlink()
    answer = boss.api("GET", f"/recordings/{upload.id}/chunks/1", headers={"Authorization": f"Bearer {ticket}"})
    assert answer.code == "RECORDING_DAMAGED"


def test_listing_playing_and_deleting_are_three_rights(world: World) -> None:
    upload = finished(world, ready(world, listers=["auditor", "admin"], players=["auditor"], deleters=["group_admin"]))
    boss, chief, auditor = (world.logged_in(name) for name in ("boss", "chief", "audit"))
    shown = auditor.api("GET", "/recordings").json
    assert (shown["total"], shown["may_play"], shown["may_delete"]) == (1, True, False)
    assert shown["items"][0]["host"] == "PC-7" and shown["items"][0]["head"] == upload.head
    assert chief.api("GET", "/recordings").code == "RECORDING_RIGHT"
    assert boss.api("POST", f"/recordings/{upload.id}/open", REASON).code == "RECORDING_RIGHT"
    assert auditor.api("POST", f"/recordings/{upload.id}/open", REASON).status == 200
    assert boss.api("DELETE", f"/recordings/{upload.id}").code == "RECORDING_RIGHT"
    assert chief.api("DELETE", f"/recordings/{upload.id}").status == 204
    assert newest(world)[0] == "recording.deleted" and not file_of(world, upload.id).exists()
    assert boss.api("GET", "/recordings").json["total"] == 0


def test_the_list_is_searched_sorted_and_paged(world: World) -> None:
    key = ready(world)
    first = finished(world, key, b"x" * 900)
    world.advance(minutes=60)
    second = finished(world, key, b"y")
    boss = world.logged_in("boss")

    def ids(query: str) -> list[str]:
        return [item["id"] for item in boss.api("GET", f"/recordings?{query}").json["items"]]

    assert ids("") == [second.id, first.id] and ids("sort=-bytes") == [first.id, second.id]
    assert ids("size=1&page=2") == [first.id]
    assert ids("q=kim") == ids("q=pc-7") == [second.id, first.id] and ids("q=nobody") == []
    session = boss.api("GET", "/recordings").json["items"][1]["session"]
    assert ids(f"session={session}") == [first.id]
    assert ids("from=2026-03-02&to=2026-03-02") == [second.id, first.id] and ids("from=2026-03-03") == []
    assert boss.api("GET", "/recordings?sort=evil").code == "INVALID_FIELDS"
    assert world.logged_in("boss", "beta").api("GET", "/recordings").json["total"] == 0


def test_a_hold_keeps_it_from_deletion_and_retention_deletes_the_rest_with_proof(world: World) -> None:
    key = ready(world)
    held, loose = finished(world, key), finished(world, key)
    ended = update(SupportSession).values(state="COMPLETED", ended_at=world.time.now())
    world.db.transact(lambda s: s.execute(ended))
    boss = world.logged_in("boss")
    assert boss.api("PUT", f"/recordings/{held.id}/hold", {"held": True}).json["held"] is True
    assert boss.api("DELETE", f"/recordings/{held.id}").code == "RECORDING_HELD"

    def purge() -> None:
        world.db.transact(lambda s: s.execute(update(RetentionSettings).values(ran_at=None)))
        finish(Retention(world.db, world.time.now).tick())
        finish(world.appliance.recordings.tick())

    world.time.advance(hours=24 * 89)
    purge()
    assert file_of(world, loose.id).exists()
    world.time.advance(hours=24 * 2)
    purge()
    assert file_of(world, held.id).exists() and not file_of(world, loose.id).exists()
    proofs = world.db.look(lambda s: list(s.scalars(select(AuditLine.body).where(AuditLine.action == "retention.deleted"))))
    (proof,) = [facts for facts in (json.loads(body)[5] for body in proofs) if facts["kind"] == "recordings"]
    assert proof["count"] == 1 and proof["sha256"] == hashlib.sha256(loose.id.encode()).hexdigest()
    world.time.advance(hours=24 * 365 * 4)
    purge()
    kept = world.db.look(lambda s: list(s.scalars(select(SupportSession.id))))
    assert len(kept) == 1, "the session of the held recording stays with it"


def test_what_broke_off_is_abandoned_after_days_and_what_never_began_is_gone(world: World) -> None:
    key = ready(world)
    broken, empty = begun(world, key), begun(world, key)
    broken.add(CHUNK)
    world.time.advance(hours=71)
    finish(world.appliance.recordings.tick())
    broken.browser = world.logged_in("kim")
    assert broken.put(b"late but in time").status == 204
    world.time.advance(hours=73)
    finish(world.appliance.recordings.tick())
    rows = world.db.look(lambda s: {row.id: row.state for row in s.scalars(select(Recording))})
    assert rows == {broken.id: "abandoned"} and empty.id not in rows
    broken.browser = world.logged_in("kim")
    assert broken.put(b"too late", number=3).code == "RECORDING_CLOSED"
    assert newest(world)[0] == "session.recording_abandoned"


def test_its_console_may_give_up_what_broke_off(world: World) -> None:
    key = ready(world)
    upload, empty = begun(world, key), begun(world, key)
    upload.add(CHUNK)
    path = f"/recordings/{upload.id}/abandon"
    assert world.logged_in("lee").api("POST", path, {}).code == "NOT_FOUND"
    assert upload.browser.api("POST", path, {}).status == upload.browser.api("POST", path, {}).status == 204
    assert newest(world)[0] == "session.recording_abandoned"
    assert upload.browser.api("POST", f"/recordings/{empty.id}/abandon", {}).status == 204
    assert newest(world)[0] == "recording.gone"
    whole = finished(world, key)
    assert whole.browser.api("POST", f"/recordings/{whole.id}/abandon", {}).code == "RECORDING_CLOSED"


def test_settings_need_a_key_and_keys_have_to_be_keys(world: World) -> None:
    boss = world.logged_in("boss")
    assert boss.api("GET", "/recording-settings").json["place"] == "browser"
    assert boss.api("PUT", "/recording-settings", SETTINGS).code == "RECORDING_NO_KEY"
    assert boss.api("POST", "/recording-keys", {"name": "x", "public": "00" * 32}).code == "INVALID_FIELDS"
    wrapped = {"kdf": {"name": "PBKDF2-SHA-256", "iterations": 600_000, "salt": "aa" * 16}, "iv": "bb" * 12, "data": "cc" * 64}
    made = boss.api("POST", "/recording-keys", {"name": "x", "public": PUBLIC, "wrapped": wrapped}).json
    assert made["on_server"] and made["fingerprint"] == sha(bytes.fromhex(PUBLIC))
    assert boss.api("POST", "/recording-keys", {"name": "y", "public": PUBLIC}).code == "RECORDING_KEY_KNOWN"
    assert boss.api("PUT", "/recording-settings", {**SETTINGS, "policy": "always", "place": "browser"}).code == "INVALID_FIELDS"
    assert boss.api("PUT", "/recording-settings", {**SETTINGS, "policy": "always"}).status == 200
    assert newest(world)[1]["policy"] == ["may", "always"]
    assert boss.api("DELETE", f"/recording-keys/{made['id']}/wrapped").status == 204
    assert boss.api("GET", "/recording-keys").json["items"][0]["on_server"] is False
    assert world.logged_in("boss", "beta").api("DELETE", f"/recording-keys/{made['id']}/wrapped").code == "NOT_FOUND"
    assert world.logged_in("boss", "beta").api("GET", "/recording-keys").json["items"] == []


def test_where_every_session_is_recorded_the_customer_agrees_to_it(world: World) -> None:
    ready(world, policy="always")
    session = running(world)

    def work(db: Session) -> tuple[list[str], list[str], list[str]]:
        row = db.get_one(SupportSession, session)
        row.state = "JOINING"
        text = joining.consent_text_for(db, row, "en")
        assert text is not None
        joining.consent(db, world.time.now(), row, True, text.id, "page", "::1")
        db.flush()
        record = db.scalar(select(ConsentRecord).where(ConsentRecord.session_id == session))
        assert record is not None
        return joining.asked_scopes(db, row), record.scopes, joining.agreed_scopes(db, row)

    asked, recorded, agreed = world.db.transact(work)
    assert "recording" in asked and "recording" in recorded
    assert "화면은 회사 정책에 따라 처음부터 끝까지 녹화" in asked_for(asked, "ko")
    assert "recorded from beginning to end" in asked_for(asked, "en") and "recorded" not in asked_for(agreed, "en")
    assert "recording" not in agreed, "the PC's program knows no such right"


def test_the_evidence_pack_names_the_hashes(world: World) -> None:
    upload = finished(world, ready(world), CHUNK, b"two")
    session = world.logged_in("boss").api("GET", "/recordings").json["items"][0]["session"]
    found: list[dict[str, Any]] = world.db.look(lambda s: rules.evidence(s, session))
    chain = world.db.look(lambda s: [{"type": e.type, "data": e.data} for e in events.of_session(s, session)])
    evidence_verify.check_recordings(found, chain)
    for changed in ({"chunks": [sha(CHUNK), sha(b"tw0")]}, {"head": "0" * 64}, {"sealed": "ac" * rules.SEALED_BYTES}):
        with pytest.raises(evidence_verify.Broken, match=upload.id):
            evidence_verify.check_recordings([{**found[0], **changed}], chain)
    with pytest.raises(evidence_verify.Broken, match="no event"):
        evidence_verify.check_recordings(found, [])
    assert found[0]["head"] == upload.head and found[0]["chunks"] == [sha(CHUNK), sha(b"two")]
