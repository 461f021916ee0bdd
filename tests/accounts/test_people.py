"""Operator groups, what a group administrator may, accounts by page, addresses of a company, locks.

ADM-ACCT, ADM-ROLE-GRP, ADM-ROLE-ADM, ADM-IP.
"""

from __future__ import annotations

from typing import Any

import pytest
from world import PASSWORD, World

from wizhelper.accounts.model import Account


def _login(world: World, login_id: str, password: str = PASSWORD, address: str | None = None) -> Any:
    return world.browser(address).api("POST", "/login", {"company": "alpha", "id": login_id, "password": password})


def _policy(world: World, **change: Any) -> Any:
    form = {"allowed_addresses": [], "lock_after": 0, **change}
    return world.logged_in("boss", address="10.0.0.5").api("PUT", "/access-policy", form)


def _other_team(world: World) -> int:
    """A second group, with lee in it."""
    boss = world.logged_in("boss")
    number: int = boss.api("POST", "/teams", {"name": "Busan"}).json["id"]
    assert boss.api("PATCH", f"/accounts/{world.account('lee')}", {"team": number}).json["team"] == number
    return number


# --- groups -----------------------------------------------------------------------------------------------------------


def test_groups_are_added_renamed_and_deleted_when_empty(world: World) -> None:
    boss, number = world.logged_in("boss"), _other_team(world)
    assert boss.api("PATCH", f"/teams/{number}", {"name": "Jeju"}).json == {"id": number, "name": "Jeju", "members": 1}
    assert boss.api("DELETE", f"/teams/{number}").code == "TEAM_NOT_EMPTY"
    boss.api("PATCH", f"/accounts/{world.account('lee')}", {"team": None})
    assert boss.api("DELETE", f"/teams/{number}").status == 204
    assert [t["name"] for t in boss.api("GET", "/teams").json["items"]] == ["Seoul"]


@pytest.mark.parametrize(
    ("name", "code"), [("Seoul", "NAME_TAKEN"), ("  ", "INVALID_FIELDS"), ("x" * 101, "INVALID_FIELDS")]
)
def test_a_group_needs_a_name_of_its_own(world: World, name: str, code: str) -> None:
    assert world.logged_in("boss").api("POST", "/teams", {"name": name}).code == code


def test_a_group_of_another_company_cannot_be_given(world: World) -> None:
    foreign = world.logged_in("boss", "beta").api("GET", "/teams").json["items"][0]["id"]
    boss = world.logged_in("boss")
    assert boss.api("PATCH", f"/accounts/{world.account('kim')}", {"team": foreign}).code == "INVALID_FIELDS"
    form = {"id": "park", "role": "operator", "password": None, "team": foreign}
    assert boss.api("POST", "/accounts", form).code == "INVALID_FIELDS"


# --- the group administrator ------------------------------------------------------------------------------------------


def test_a_group_administrator_sees_the_operators_of_the_own_group_only(world: World) -> None:
    _other_team(world)
    chief = world.logged_in("chief")
    assert [a["id"] for a in chief.api("GET", "/accounts").json["items"]] == ["kim"]
    assert [t["name"] for t in chief.api("GET", "/teams").json["items"]] == ["Seoul"]
    for login_id in ("lee", "boss", "chief"):
        path = f"/accounts/{world.account(login_id)}"
        assert chief.api("PATCH", path, {"display_name": "x"}).code == "NOT_FOUND"
        assert chief.api("POST", f"{path}/reset-password").code == "NOT_FOUND"
        assert chief.api("POST", f"{path}/logout").code == "NOT_FOUND"


def test_a_group_administrator_sees_records_and_logins_of_the_own_group_only(world: World) -> None:
    for login_id in ("kim", "lee"):
        _login(world, login_id)
    _other_team(world)
    chief = world.logged_in("chief")
    for path in ("/records", "/sessions/now"):
        assert [s["owner"]["display_name"] for s in chief.api("GET", path).json["items"]] == ["Kim alpha"]
    assert chief.api("GET", "/counts").json["now"]["waiting"] == 1
    assert {r["login_id"] for r in chief.api("GET", "/login-records").json["items"]} == {"kim"}
    hidden = next(s["id"] for s in world.logged_in("lee").api("GET", "/sessions").json["items"])
    assert chief.api("GET", f"/records/{hidden}").code == "NOT_FOUND"


@pytest.mark.parametrize("change", [{"role": "admin"}, {"role": "group_admin"}, {"role": "auditor"}])
def test_a_group_administrator_makes_operators_only(world: World, change: dict[str, str]) -> None:
    chief = world.logged_in("chief")
    form = {"id": "park", "role": "operator", "password": None}
    assert chief.api("POST", "/accounts", {**form, **change}).code == "NOT_YOUR_GROUP"
    assert chief.api("PATCH", f"/accounts/{world.account('kim')}", change).code == "NOT_YOUR_GROUP"


def test_what_a_group_administrator_adds_is_in_the_own_group(world: World) -> None:
    other = _other_team(world)
    chief = world.logged_in("chief")
    made = chief.api("POST", "/accounts", {"id": "park", "role": "operator", "password": None})
    assert made.json["account"]["team"] not in (None, other)
    form = {"id": "choi", "role": "operator", "password": None, "team": other}
    assert chief.api("POST", "/accounts", form).code == "NOT_YOUR_GROUP"
    assert chief.api("PATCH", f"/accounts/{world.account('kim')}", {"team": other}).code == "NOT_YOUR_GROUP"


def test_without_a_group_a_group_administrator_sees_and_makes_nothing(world: World) -> None:
    boss = world.logged_in("boss")
    for login_id in ("chief", "kim"):
        boss.api("PATCH", f"/accounts/{world.account(login_id)}", {"team": None})
    chief = world.logged_in("chief")
    assert chief.api("GET", "/accounts").json["total"] == 0
    assert chief.api("POST", "/accounts", {"id": "park", "role": "operator", "password": None}).code == "NOT_YOUR_GROUP"


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["audit", "boss", "chief", "kim", "lee"]),
        ("?sort=-id&size=2", ["lee", "kim"]),
        ("?size=2&page=3", ["lee"]),
        ("?q=KIM", ["kim"]),
        ("?q=%25", []),
        ("?role=operator&sort=name", ["kim", "lee"]),
        ("?status=locked", []),
        ("?team=none", []),
        ("?team=999999", []),
    ],
)
def test_accounts_come_by_page_search_and_filter(still_world: World, query: str, ids: list[str]) -> None:
    found = still_world.logged_in("boss").api("GET", f"/accounts{query}").json
    assert [a["id"] for a in found["items"]] == ids


@pytest.mark.parametrize(
    "query", ["?sort=password", "?team=-1", "?team=%C2%B2", "?team=99999999999", "?page=0", "?size=201"]
)
def test_a_list_that_cannot_be_is_refused(still_world: World, query: str) -> None:
    assert still_world.logged_in("boss").api("GET", f"/accounts{query}").code == "INVALID_FIELDS"


def test_a_new_role_ends_the_logins_and_nobody_changes_his_own(world: World) -> None:
    boss, kim = world.logged_in("boss"), world.logged_in("kim")
    assert boss.api("PATCH", f"/accounts/{world.account('kim')}", {"role": "auditor"}).json["role"] == "auditor"
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"
    assert boss.api("PATCH", f"/accounts/{world.account('boss')}", {"role": "operator"}).code == "OWN_ACCOUNT"


# --- addresses of the company -----------------------------------------------------------------------------------------


def test_the_addresses_of_a_company_hold_for_logins_and_for_every_request(world: World) -> None:
    kim = world.logged_in("kim", address="203.0.113.9")
    assert _policy(world, allowed_addresses=["10.0.0.0/8"]).status == 200
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"
    assert _login(world, "kim", address="203.0.113.9").code == "ADDRESS_DENIED"
    assert _login(world, "kim", address="10.9.9.9").status == 200


def test_an_administrator_does_not_lock_himself_out(world: World) -> None:
    assert _policy(world, allowed_addresses=["192.0.2.0/24"]).code == "OWN_ADDRESS"
    assert _policy(world, allowed_addresses=["10.0.0.300"]).code == "INVALID_FIELDS"


# --- locks ------------------------------------------------------------------------------------------------------------


def _lock(world: World) -> None:
    _policy(world, lock_after=3)
    for _ in range(3):
        assert _login(world, "kim", "wrong password").code == "LOGIN_FAILED"


def test_an_account_locks_after_wrong_passwords_and_an_administrator_releases_it(world: World) -> None:
    _lock(world)
    boss = world.logged_in("boss")
    assert _login(world, "kim").code == "LOGIN_LOCKED"
    assert [a["id"] for a in boss.api("GET", "/accounts?status=locked").json["items"]] == ["kim"]
    released = boss.api("PATCH", f"/accounts/{world.account('kim')}", {"status": "active"})
    assert released.json["status"] == "active"
    assert _login(world, "kim").status == 200


def test_a_lock_ends_by_itself_and_cuts_no_open_login(world: World) -> None:
    kim = world.logged_in("kim")
    _lock(world)
    assert kim.api("GET", "/me").status == 200
    world.advance(minutes=29)
    assert _login(world, "kim").code == "LOGIN_LOCKED"
    world.advance(minutes=2)
    assert _login(world, "kim").status == 200


def test_a_right_password_starts_the_count_anew(world: World) -> None:
    _policy(world, lock_after=3)
    for password in ("wrong one", "wrong two", PASSWORD, "wrong one", "wrong two"):
        _login(world, "kim", password)
    assert world.db.look(lambda s: s.get_one(Account, world.account("kim")).status) == "active"


# --- the own account --------------------------------------------------------------------------------------------------


def test_one_ends_all_other_logins_of_the_own_account(world: World) -> None:
    here, there, lee = world.logged_in("kim"), world.logged_in("kim"), world.logged_in("lee")
    socket = world.console(there)
    assert here.api("POST", "/me/logout-everywhere").status == 204
    assert [b.api("GET", "/me").status for b in (here, there, lee)] == [200, 401, 200]
    assert socket.close_code == 4010


def test_everybody_sees_the_own_logins_only(world: World) -> None:
    _login(world, "kim", "wrong password")
    _login(world, "lee")
    items = world.logged_in("kim").api("GET", "/me/logins").json["items"]
    assert [(r["login_id"], r["result"]) for r in items] == [("kim", "ok"), ("kim", "bad_password")]


# --- the sessions of the moment ---------------------------------------------------------------------------------------


def test_a_session_is_cut_with_a_reason_that_stays_in_its_record(world: World) -> None:
    kim, boss = world.logged_in("kim"), world.logged_in("boss")
    socket = world.console(kim)
    path = f"/sessions/{kim.api('POST', '/sessions').json['id']}"
    assert boss.api("POST", f"{path}/cut", {"reason": ""}).code == "INVALID_FIELDS"
    assert boss.api("POST", f"{path}/cut", {"reason": " 근무 종료 "}).json["end_reason"] == "admin_cut"
    assert socket.of_type("session")[-1]["session"]["end_reason"] == "admin_cut"
    events = boss.api("GET", path.replace("sessions", "records")).json["events"]
    assert events[-1]["data"]["note"] == "근무 종료"
    assert boss.api("POST", f"{path}/cut", {"reason": "again"}).code == "SESSION_STATE"


def test_a_group_administrator_cuts_sessions_of_the_own_group_only(world: World) -> None:
    _other_team(world)
    chief = world.logged_in("chief")
    for login_id, status in (("kim", 200), ("lee", 404)):
        made = world.logged_in(login_id).api("POST", "/sessions").json["id"]
        assert chief.api("POST", f"/sessions/{made}/cut", {"reason": "x"}).status == status
