"""Fault types of a company: kept by administrators, never removed. ADM-FAULT"""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import World
from wizhelper.records import faults_web

KEYBOARD = {"code": "keyboard", "name": "키보드"}


def one(world: World, code: str, login: str = "kim", company: str = "alpha") -> dict[str, Any] | None:
    items = world.logged_in(login, company).api("GET", "/fault-types").json["items"]
    return next((item for item in items if item["code"] == code), None)


def test_one_is_added_renamed_and_switched_off(world: World) -> None:
    boss = world.logged_in("boss")
    made = boss.api("POST", "/fault-types", KEYBOARD).json
    assert one(world, "keyboard") == {**KEYBOARD, "id": made["id"], "active": True}
    assert one(world, "keyboard", company="beta") is None
    changed = boss.api("PUT", f"/fault-types/{made['id']}", {"name": "키보드/마우스", "active": False}).json
    assert (
        one(world, "keyboard")
        == changed
        == {"id": made["id"], "code": "keyboard", "name": "키보드/마우스", "active": False}
    )


def test_a_code_is_there_once_in_a_company(world: World) -> None:
    boss = world.logged_in("boss")
    assert boss.api("POST", "/fault-types", KEYBOARD).status == 201
    assert boss.api("POST", "/fault-types", KEYBOARD).code == "CODE_TAKEN"
    assert world.logged_in("boss", "beta").api("POST", "/fault-types", KEYBOARD).status == 201


@pytest.mark.parametrize("wrong", [{"code": "Key Board"}, {"code": ""}, {"name": ""}, {"name": "x" * 101}])
def test_nonsense_is_refused(world: World, wrong: dict[str, str]) -> None:
    assert world.logged_in("boss").api("POST", "/fault-types", {**KEYBOARD, **wrong}).code == "INVALID_FIELDS"


def test_there_is_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_web, "MAX_TYPES", len(world.logged_in("kim").api("GET", "/fault-types").json["items"]))
    assert world.logged_in("boss").api("POST", "/fault-types", KEYBOARD).code == "FAULT_TYPE_LIMIT"


def test_operators_and_others_do_not_change_them(world: World) -> None:
    made = world.logged_in("boss").api("POST", "/fault-types", KEYBOARD).json["id"]
    form = {"name": "x", "active": False}
    assert world.logged_in("kim").api("PUT", f"/fault-types/{made}", form).status == 403
    assert world.logged_in("boss", "beta").api("PUT", f"/fault-types/{made}", form).status == 404
