"""Chat that is kept with the record: only where the company wants it, only from the operators of the session (RC-CHAT)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from fakes import Answer
from sqlalchemy import func, select
from test_sharing import Scene
from world import World

from wizhelper.records.chat import MAX_AT_ONCE, MAX_LINES, SessionChat


def line(number: int, text: str = "안녕하세요", customer: bool = False, at_ms: int = 0) -> dict[str, Any]:
    return {"number": number, "customer": customer, "at_ms": at_ms, "text": text}


@pytest.fixture
def scene(world: World) -> Scene:
    made = Scene(world)
    made.view("kim")
    return made


def kept(scene: Scene, *lines: dict[str, Any], who: str = "kim") -> Answer:
    return scene.call(who, "chat", {"lines": list(lines)})


def shown(scene: Scene, login: str = "boss") -> list[tuple[int, bool, str]]:
    record = scene.world.logged_in(login).api("GET", f"/records/{scene.session}").json
    return [(said["number"], said["customer"], said["text"]) for said in record["chat"]]


def test_nothing_is_kept_unless_the_company_wants_it(scene: Scene) -> None:
    assert kept(scene, line(1)).code == "CHAT_NOT_KEPT"
    assert shown(scene) == [] and scene.agent.of_type("hello")[0]["chat_kept"] is False


def test_lines_come_once_whatever_the_console_repeats_and_stay_as_they_were(scene: Scene) -> None:
    scene.world.set_company(chat_kept=True)
    hostile = "<script>alert(1)</script>\u202e"
    assert kept(scene, line(2, hostile, True), line(1)).status == 204
    assert kept(scene, line(1, "something else"), line(3, "x" * 4096)).status == 204
    assert shown(scene) == [(1, False, "안녕하세요"), (2, True, hostile), (3, False, "x" * 4096)]


def test_times_lie_within_the_session(scene: Scene) -> None:
    scene.world.set_company(chat_kept=True)
    kept(scene, line(1, at_ms=0), line(2, at_ms=2**52 // 1000))
    record = scene.world.logged_in("boss").api("GET", f"/records/{scene.session}").json
    begun = record["session"]["created_at"]
    assert [said["at"][:16] for said in record["chat"]] == [begun[:16]] * 2


def test_only_operators_of_the_session_bring_lines(scene: Scene) -> None:
    scene.world.set_company(chat_kept=True)
    assert kept(scene, line(1), who="lee").code == "NOT_FOUND"
    scene.agreed("watch")
    assert kept(scene, line(1), who="lee").status == 204
    assert scene.world.logged_in("kim", "beta").api("POST", f"/sessions/{scene.session}/chat", {"lines": [line(9)]}).code == "NOT_FOUND"
    assert len(shown(scene)) == 1


def test_what_is_too_much_or_too_late_is_refused(scene: Scene) -> None:
    scene.world.set_company(chat_kept=True)
    assert kept(scene, *[line(n) for n in range(1, MAX_AT_ONCE + 2)]).code == "INVALID_FIELDS"
    for bad in (line(0), line(1, ""), line(1, "x" * 4097), {**line(1), "who": "kim"}):
        assert kept(scene, bad).code == "INVALID_FIELDS"
    for begin in range(1, MAX_LINES + 300, MAX_AT_ONCE):
        assert kept(scene, *[line(n) for n in range(begin, begin + MAX_AT_ONCE)]).status == 204
    count = select(func.count()).select_from(SessionChat)
    assert scene.world.db.look(lambda db: db.scalar(count)) == MAX_LINES
    assert scene.call("kim", "end").status == 200
    assert kept(scene, line(5)).status == 204
    scene.world.advance(11 * 60)
    assert kept(scene, line(6)).code == "SESSION_STATE"


def test_the_evidence_pack_has_the_chat(scene: Scene) -> None:
    scene.world.set_company(chat_kept=True)
    kept(scene, line(1), line(2, "네", True))
    pack = scene.world.logged_in("boss").api("GET", f"/records/{scene.session}/evidence")
    with zipfile.ZipFile(io.BytesIO(pack.body)) as files:
        assert [said["text"] for said in json.loads(files.read("chat.json"))] == ["안녕하세요", "네"]
        assert "chat.json" in json.loads(files.read("manifest.json"))["files"]
