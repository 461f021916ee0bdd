"""Favourite addresses and commands: one's own and the company's. RC-URL RC-EXEC"""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import World
from wizhelper.favourites import web

SITE = {"kind": "url", "title": "드라이버", "value": "https://example.com/driver", "shell": ""}
COMMAND = {"kind": "command", "title": "IP", "value": "ipconfig /all", "shell": "cmd"}


def titles(world: World, login: str, company: str = "alpha") -> list[tuple[str, bool]]:
    items = world.logged_in(login, company).api("GET", "/favourites").json["items"]
    return [(item["title"], item["shared"]) for item in items]


def test_everybody_has_his_own_and_the_company_s(world: World) -> None:
    assert world.logged_in("kim").api("POST", "/favourites", SITE).status == 201
    assert world.logged_in("boss").api("POST", "/company/favourites", COMMAND).status == 201
    assert titles(world, "kim") == [("IP", True), ("드라이버", False)]
    assert titles(world, "lee") == [("IP", True)]
    assert titles(world, "kim", "beta") == []


def test_they_are_changed_and_removed_by_their_owner_only(world: World) -> None:
    own = world.logged_in("kim").api("POST", "/favourites", SITE).json["id"]
    shared = world.logged_in("boss").api("POST", "/company/favourites", COMMAND).json["id"]
    for login, path in (("lee", f"/favourites/{own}"), ("kim", f"/favourites/{shared}"), ("boss", f"/favourites/{own}")):
        browser = world.logged_in(login)
        assert browser.api("PUT", path, SITE).status == 404
        assert browser.api("DELETE", path).status == 404
    kim = world.logged_in("kim")
    assert kim.api("PUT", f"/favourites/{own}", {**SITE, "title": "새 이름"}).json["title"] == "새 이름"
    assert kim.api("DELETE", f"/favourites/{own}").status == 204
    assert titles(world, "kim") == [("IP", True)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "javascript:alert(1)"},
        {"value": "file:///etc/passwd"},
        {"shell": "sh"},
        {"kind": "command", "shell": ""},
        {"kind": "command", "shell": "sh", "value": "a\nb"},
        {"title": ""},
    ],
)
def test_what_could_not_be_opened_or_run_is_not_kept(world: World, wrong: dict[str, Any]) -> None:
    assert world.logged_in("kim").api("POST", "/favourites", {**SITE, **wrong}).code == "INVALID_FIELDS"


def test_there_is_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_FAVOURITES", 2)
    kim = world.logged_in("kim")
    answers = [kim.api("POST", "/favourites", SITE) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert answers[2].code == "FAVOURITE_LIMIT"
    assert world.logged_in("lee").api("POST", "/favourites", SITE).status == 201


def test_a_company_decides_which_rights_its_sessions_ask_for(world: World) -> None:
    boss = world.logged_in("boss")
    settings = boss.api("GET", "/company").json
    assert settings["rights"]["command"] is False
    del settings["code"]
    changed = boss.api("PUT", "/company", {**settings, "rights": {"command": True}}).json
    assert changed["rights"] == {**settings["rights"], "command": True}
    assert boss.api("PUT", "/company", {**settings, "rights": {"root": True}}).code == "INVALID_FIELDS"
