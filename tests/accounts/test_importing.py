"""Accounts from a CSV file: a preview with an error for each line, then all of them or none (ADM-ACCT)."""

from __future__ import annotations

from typing import Any

import pytest
from world import World

HEAD = "id,display_name,role,team,addresses\r\n"


def _import(world: World, text: str, *, dry_run: bool = False, who: str = "boss") -> Any:
    return world.logged_in(who).api("POST", "/accounts/import", {"csv": text, "dry_run": dry_run})


def _count(world: World) -> int:
    total: int = world.logged_in("boss").api("GET", "/accounts").json["total"]
    return total


def test_a_file_becomes_accounts_whose_passwords_work_once_shown(world: World) -> None:
    text = "\ufeff" + HEAD + 'park,"박, 상담",operator,Seoul,10.0.0.0/8 192.0.2.1\r\nchoi,최감사,auditor,,\r\n'
    preview = _import(world, text, dry_run=True).json
    assert (preview["errors"], preview["created"], _count(world)) == (0, 0, 5)
    assert [r["password"] for r in preview["rows"]] == [None, None]
    done = _import(world, text).json
    assert (done["created"], _count(world)) == (2, 7)
    form = {"company": "alpha", "id": "park", "password": done["rows"][0]["password"]}
    answer = world.browser("10.1.1.1").api("POST", "/login", form).json
    assert answer["must_change_password"] is True
    assert answer["account"]["display_name"] == "박, 상담"
    assert answer["account"]["allowed_addresses"] == ["10.0.0.0/8", "192.0.2.1/32"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("kim,,operator,,", "ID_TAKEN"),
        ("good,,operator,,", "ID_TWICE"),
        ("a b,,operator,,", "ID_FORMAT"),
        (",nobody,operator,,", "ID_FORMAT"),
        ("=cmd|' /C calc'!A0,,operator,,", "ID_FORMAT"),
        (f"park,{'x' * 101},operator,,", "NAME_LONG"),
        ("park,,root,,", "ROLE_UNKNOWN"),
        ("park,,operator,Mars,", "TEAM_UNKNOWN"),
        ("park,,operator,,10.0.0.999", "ADDRESS"),
        ("park,,operator,,,extra", "TOO_MANY_CELLS"),
    ],
)
def test_one_wrong_line_is_named_and_nothing_is_made(world: World, line: str, error: str) -> None:
    answer = _import(world, f"{HEAD}good,Good,operator,,\n{line}\n").json
    assert [(r["line"], r["error"]) for r in answer["rows"]] == [(2, None), (3, error)]
    assert (answer["errors"], answer["created"], _count(world)) == (1, 0, 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        HEAD,
        "name,role\nx,operator\n",
        "id,id\na,b\n",
        "id,password\na,b\n",
        'id\n"open',
        HEAD + "x,,,,\n" * 301,
    ],
)
def test_what_is_no_table_of_accounts_is_refused_whole(world: World, text: str) -> None:
    assert _import(world, text).code == "INVALID_FIELDS"
    assert _count(world) == 5


def test_a_group_administrator_imports_operators_of_the_own_group_only(world: World) -> None:
    world.logged_in("boss").api("POST", "/teams", {"name": "Busan"})
    text = "id,role,team\npark,operator,\nchoi,admin,\nha,operator,Busan\n"
    rows = _import(world, text, who="chief").json["rows"]
    assert [r["error"] for r in rows] == [None, "NOT_YOURS", "NOT_YOURS"]
    assert _import(world, "id\npark\n", who="chief").json["created"] == 1
    assert {a["id"] for a in world.logged_in("chief").api("GET", "/accounts").json["items"]} == {"kim", "lee", "park"}
