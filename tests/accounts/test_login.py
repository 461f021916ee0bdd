"""Logging in and staying in: who gets in, from where, for how long, and what ends it."""

from __future__ import annotations

import hashlib
from typing import Any

import pyotp
import pytest
from fakes import Answer, Browser
from sqlalchemy import select, text, update
from world import PASSWORD, World

from wizhelper.accounts import passwords, service
from wizhelper.accounts.model import Account, Login, LoginRecord


def _login(browser: Browser, **changes: Any) -> Answer:
    form = {"company": "alpha", "id": "kim", "password": PASSWORD, **changes}
    answer = browser.api("POST", "/login", form)
    if answer.status == 200:
        browser.csrf = answer.json["csrf"]
    return answer


def _records(world: World) -> list[LoginRecord]:
    return world.db.look(lambda s: list(s.scalars(select(LoginRecord).order_by(LoginRecord.id))))


def _set(world: World, login_id: str = "kim", **values: Any) -> None:
    account = world.account(login_id)
    world.db.transact(lambda s: s.execute(update(Account).where(Account.id == account).values(**values)))


def test_company_id_and_password_together_let_in(world: World) -> None:
    """OP-LOGIN-CO."""
    browser = world.browser()
    answer = _login(browser)
    assert (answer.status, answer.json["app"], answer.json["account"]["id"]) == (200, "console", "kim")
    assert browser.api("GET", "/me").json["account"]["display_name"] == "Kim alpha"


@pytest.mark.parametrize(
    "change",
    [
        {"company": "beta2"},
        {"company": "beta", "id": "nobody"},
        {"id": "lee2"},
        {"password": PASSWORD + "x"},
        {"password": ""},
    ],
)
def test_one_wrong_field_of_three_is_refused_alike(world: World, change: dict[str, str]) -> None:
    """OP-LOGIN-BAD: the answer does not say which field was wrong."""
    answer, reference = _login(world.browser(), **change), _login(world.browser(), company="zz", id="q", password="q")
    assert (answer.status, answer.code) == (401, "LOGIN_FAILED")
    assert answer.json == reference.json
    assert "set-cookie" not in answer.headers


def test_the_account_of_another_company_with_the_same_id_is_another_account(world: World) -> None:
    _set(world, "kim", password=passwords.hash_password("another one 4 alpha"))
    assert _login(world.browser(), company="beta").status == 200
    assert _login(world.browser(), company="alpha").code == "LOGIN_FAILED"


@pytest.mark.parametrize(
    ("login_id", "app"), [("kim", "console"), ("boss", "admin"), ("chief", "admin"), ("audit", "admin")]
)
def test_only_operators_get_the_console(world: World, login_id: str, app: str) -> None:
    """OP-LOGIN-ROLE."""
    browser = world.browser()
    assert _login(browser, id=login_id).json["app"] == app
    status = browser.api("POST", "/sessions", {}).status
    assert status == (201 if app == "console" else 403)


@pytest.mark.parametrize(
    ("allowed", "address", "status"),
    [
        ([], "203.0.113.9", 200),
        (["203.0.113.9/32"], "203.0.113.9", 200),
        (["203.0.113.0/24", "10.0.0.0/8"], "10.200.1.1", 200),
        (["203.0.113.9/32"], "::ffff:203.0.113.9", 200),
        (["203.0.113.9/32"], "203.0.113.10", 403),
        (["2001:db8::/32"], "203.0.113.9", 403),
    ],
)
def test_access_addresses_decide_from_where(world: World, allowed: list[str], address: str, status: int) -> None:
    """OP-LOGIN-IP."""
    _set(world, allowed_addresses=allowed)
    answer = _login(world.browser(address))
    assert answer.status == status
    assert answer.code == ("" if status == 200 else "ADDRESS_DENIED")


def test_an_address_that_is_taken_away_ends_the_login_there(world: World) -> None:
    """ADM-IP."""
    kim = world.logged_in("kim", address="203.0.113.9")
    _set(world, allowed_addresses=["10.0.0.0/8"])
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"


def test_a_stolen_cookie_is_of_no_use_from_an_address_that_is_not_allowed(world: World) -> None:
    _set(world, allowed_addresses=["203.0.113.9/32"])
    kim = world.logged_in("kim", address="203.0.113.9")
    thief = world.browser("198.51.100.66")
    thief.cookies = dict(kim.cookies)
    assert thief.api("GET", "/me").code == "LOGIN_REQUIRED"


def test_every_try_and_every_logout_is_recorded(world: World) -> None:
    """OP-LOGIN-LOG, ADM-REC-LOGIN."""
    _login(world.browser("203.0.113.1"), password="wrong")
    kim = world.browser("203.0.113.2")
    _login(kim)
    world.advance(60)
    kim.api("POST", "/logout")
    failed, done = _records(world)
    assert (failed.result, failed.address, failed.out_at) == ("bad_password", "203.0.113.1", None)
    assert (done.result, done.address, done.out_reason, done.out_at) == (
        "ok",
        "203.0.113.2",
        "logout",
        world.time.now(),
    )
    shown = world.logged_in("audit").api("GET", "/login-records").json["items"]
    assert [r["result"] for r in shown] == ["ok", "ok", "bad_password"]


def test_an_idle_login_ends_and_so_do_its_sockets(world: World) -> None:
    """OP-LOGIN-IDLE."""
    world.set_company(login_idle_s=600)
    kim = world.logged_in("kim")
    socket = world.console(kim)
    world.advance(599)
    assert kim.api("GET", "/me").status == 200
    world.advance(3)
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"
    assert socket.of_type("bye") == [{"type": "bye", "code": "LOGIN_EXPIRED"}]
    assert socket.close_code == 4010
    assert _records(world)[0].out_reason == "idle"


def test_what_a_person_does_keeps_the_login_but_no_longer_than_twelve_hours(world: World) -> None:
    """OP-LOGIN-IDLE."""
    world.set_company(login_idle_s=3600)
    kim = world.logged_in("kim")
    socket = world.console(kim)
    for _ in range(24):
        socket.send({"type": "active"})
        world.advance(minutes=29)
    assert kim.api("GET", "/me").status == 200
    socket.send({"type": "active"})
    world.advance(minutes=25)
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"
    assert _records(world)[0].out_reason == "expired"


def test_a_login_makes_one_waiting_number(world: World) -> None:
    """OP-LOGIN-AUTO1: once, however often one logs in; not for other roles."""
    browser = world.browser()
    _login(browser)
    _login(world.browser())
    _login(world.browser(), id="boss")
    items = browser.api("GET", "/sessions").json["items"]
    assert [s["state"] for s in items] == ["WAITING"]
    assert world.db.look(lambda s: s.scalar(text("SELECT count(*) FROM support_sessions"))) == 1


def test_the_last_logout_cancels_unused_numbers_and_an_earlier_one_does_not(world: World) -> None:
    first, second = world.browser(), world.browser()
    _login(first)
    _login(second)
    first.api("POST", "/logout")
    (session,) = second.api("GET", "/sessions").json["items"]
    assert session["state"] == "WAITING"
    second.api("POST", "/logout")
    again = world.logged_in("kim").api("GET", "/sessions").json["items"]
    assert [(s["state"], s["end_reason"]) for s in again] == [("CANCELLED", "operator_logged_out")]


# --- cookies ----------------------------------------------------------------------------------------------------------


def test_each_login_has_an_id_of_its_own_even_if_one_was_brought_along(world: World) -> None:
    """Session fixation."""
    browser = world.browser()
    planted = "A" * 43
    browser.cookies["__Host-wizhelper"] = planted
    _login(browser)
    first = browser.cookies["__Host-wizhelper"]
    _login(browser)
    second = browser.cookies["__Host-wizhelper"]
    assert len({planted, first, second}) == 3
    victim = world.browser()
    victim.cookies["__Host-wizhelper"] = planted
    assert victim.api("GET", "/me").code == "LOGIN_REQUIRED"


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_in_clear_nor_set_by_a_neighbour(world: World) -> None:
    answer = _login(world.browser())
    flags = {part.strip() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert answer.headers["set-cookie"].startswith("__Host-wizhelper=")
    assert flags == {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"}
    assert len(answer.cookie("__Host-wizhelper") or "") >= 43


def test_only_hashes_are_in_the_database(world: World) -> None:
    """A stolen database opens nothing."""
    browser = world.browser()
    _login(browser)
    cookie = browser.cookies["__Host-wizhelper"]
    dump = world.db.look(
        lambda s: repr([list(s.execute(text(f"SELECT * FROM {t}"))) for t in ("logins", "accounts", "login_records")])
    )
    assert cookie not in dump and PASSWORD not in dump
    assert hashlib.sha256(cookie.encode()).hexdigest() in dump
    assert "$argon2id$" in dump


def test_logout_ends_the_login_and_takes_the_cookie_away(world: World) -> None:
    kim = world.logged_in("kim")
    stolen = dict(kim.cookies)
    answer = kim.api("POST", "/logout")
    assert answer.status == 204 and "Max-Age=0" in answer.headers["set-cookie"]
    kim.cookies = stolen
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"


def test_logout_closes_the_sockets_of_that_login_only(world: World) -> None:
    here, there = world.logged_in("kim"), world.logged_in("kim")
    sockets = world.console(here), world.console(there)
    here.api("POST", "/logout")
    assert sockets[0].of_type("bye") == [{"type": "bye", "code": "LOGGED_OUT"}]
    assert (sockets[0].close_code, sockets[1].close_code) == (4010, None)


def test_a_ticket_from_before_the_logout_opens_no_socket(world: World) -> None:
    kim = world.logged_in("kim")
    ticket = kim.api("POST", "/live-tickets").json["ticket"]
    kim.api("POST", "/logout")
    socket = world.socket("/ws/live", origin=world.origin)
    socket.send({"type": "auth", "ticket": ticket})
    assert (socket.close_code, socket.messages) == (4403, [])


def test_the_sixth_login_of_an_account_replaces_the_one_that_is_idle_longest(world: World) -> None:
    browsers = []
    for _ in range(5):
        browsers.append(world.browser())
        _login(browsers[-1])
        world.advance(61)
    socket = world.console(browsers[0])
    _login(world.browser())
    assert browsers[0].api("GET", "/me").code == "LOGIN_REQUIRED"
    assert socket.of_type("bye")[0]["code"] == "LOGIN_REPLACED"
    assert all(b.api("GET", "/me").status == 200 for b in browsers[1:])
    assert _records(world)[0].out_reason == "replaced"


# --- passwords --------------------------------------------------------------------------------------------------------


def test_a_new_password_ends_all_other_logins(world: World) -> None:
    here, there = world.logged_in("kim"), world.logged_in("kim")
    socket = world.console(there)
    answer = here.api("POST", "/me/password", {"current": PASSWORD, "new": "quite-another-One"})
    assert answer.status == 204
    assert here.api("GET", "/me").status == 200
    assert there.api("GET", "/me").code == "LOGIN_REQUIRED"
    assert socket.close_code == 4010
    assert _login(world.browser()).code == "LOGIN_FAILED"
    assert _login(world.browser(), password="quite-another-One").status == 200


def test_a_password_is_not_changed_without_the_old_one(world: World) -> None:
    kim = world.logged_in("kim")
    answer = kim.api("POST", "/me/password", {"current": "guess", "new": "quite-another-One"})
    assert (answer.status, answer.code) == (400, "PASSWORD_WRONG")
    tries = [kim.api("POST", "/me/password", {"current": "guess", "new": "x" * 12}).code for _ in range(6)]
    assert tries[-1] == "TOO_MANY_TRIES"


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "short1!",
        "aaaaaaaaaaaa",
        "password",
        "Password1!",
        "12345678",
        "1q2w3e4r",
        "kimkimki" * 1,
        "Kim alpha",
        "x" * 257,
        "ADMINISTRATOR",
        "wizhelper2026",
    ],
)
def test_weak_passwords_are_refused(weak: str) -> None:
    assert passwords.is_weak(weak, "kimkimki", "Kim alpha")


@pytest.mark.parametrize("strong", ["tr0mbone-under-Water", "네모난 바퀴 자전거", "x7#kQ" * 2, "a b c d e f"])
def test_other_passwords_are_taken_without_rules_about_their_characters(strong: str) -> None:
    assert not passwords.is_weak(strong, "kim")


def test_generated_passwords_are_strong_and_differ() -> None:
    made = {passwords.generate_password() for _ in range(50)}
    assert len(made) == 50 and not any(passwords.is_weak(p) for p in made)


def test_a_reset_gives_a_password_once_ends_all_logins_and_asks_for_a_change(world: World) -> None:
    kim, boss = world.logged_in("kim"), world.logged_in("boss")
    password = boss.api("POST", f"/accounts/{world.account('kim')}/reset-password").json["password"]
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"
    answer = _login(world.browser(), password=password)
    assert answer.json["must_change_password"] is True


# --- disabled accounts ------------------------------------------------------------------------------------------------


def test_a_disabled_account_is_out_at_once_and_stays_out(world: World) -> None:
    kim, boss = world.logged_in("kim"), world.logged_in("boss")
    socket = world.console(kim)
    kim.api("POST", "/sessions", {})
    answer = boss.api("PATCH", f"/accounts/{world.account('kim')}", {"status": "disabled"})
    assert answer.json["status"] == "disabled"
    assert kim.api("GET", "/me").code == "LOGIN_REQUIRED"
    assert socket.close_code == 4010
    assert _login(world.browser()).code == "ACCOUNT_LOCKED"
    now = boss.api("GET", "/sessions/now").json["items"]
    assert now == []


def test_a_wrong_password_of_a_disabled_account_does_not_tell_that_it_is_disabled(world: World) -> None:
    _set(world, status="disabled")
    assert _login(world.browser(), password="wrong").code == "LOGIN_FAILED"


def test_nobody_disables_himself(world: World) -> None:
    boss = world.logged_in("boss")
    answer = boss.api("PATCH", f"/accounts/{world.account('boss')}", {"status": "disabled"})
    assert (answer.status, answer.code) == (409, "OWN_ACCOUNT")


# --- two steps --------------------------------------------------------------------------------------------------------


def _enrolled(world: World) -> tuple[Browser, pyotp.TOTP]:
    kim = world.logged_in("kim")
    begun = kim.api("POST", "/me/totp/begin", {"password": PASSWORD}).json
    totp = pyotp.TOTP(begun["secret"])
    assert begun["secret"] in begun["uri"]
    assert kim.api("POST", "/me/totp/confirm", {"code": totp.at(world.time.time())}).status == 204
    world.advance(60)
    return kim, totp


def test_with_two_steps_the_password_alone_does_not_let_in(world: World) -> None:
    _, totp = _enrolled(world)
    assert _login(world.browser()).code == "TOTP_REQUIRED"
    assert _login(world.browser(), totp="000000").code == "TOTP_WRONG"
    assert _login(world.browser(), totp=totp.at(world.time.time())).status == 200


def test_a_code_opens_once(world: World) -> None:
    """RFC 6238: replay of a code that was seen over a shoulder."""
    _, totp = _enrolled(world)
    code = totp.at(world.time.time())
    assert _login(world.browser(), totp=code).status == 200
    assert _login(world.browser(), totp=code).code == "TOTP_WRONG"


@pytest.mark.parametrize(("offset", "code"), [(-60, "TOTP_WRONG"), (-30, ""), (0, ""), (30, ""), (60, "TOTP_WRONG")])
def test_a_clock_may_be_half_a_minute_off(world: World, offset: int, code: str) -> None:
    _, totp = _enrolled(world)
    world.advance(minutes=5)
    assert _login(world.browser(), totp=totp.at(world.time.time() + offset)).code == code


def test_an_older_code_is_of_no_use_after_a_newer_one(world: World) -> None:
    _, totp = _enrolled(world)
    world.advance(minutes=5)
    older = totp.at(world.time.time() - 30)
    assert _login(world.browser(), totp=totp.at(world.time.time())).status == 200
    assert _login(world.browser(), totp=older).code == "TOTP_WRONG"


def test_codes_cannot_be_guessed_in_numbers(world: World) -> None:
    _enrolled(world)
    one = [_login(world.browser("203.0.113.9"), totp=f"{i:06}").code for i in range(8)]
    assert one[:5] == ["TOTP_WRONG"] * 5 and set(one[5:]) == {"TOO_MANY_TRIES"}


def test_two_steps_are_not_switched_on_unconfirmed_nor_off_without_code_and_password(world: World) -> None:
    kim, totp = _enrolled(world)
    other = world.logged_in("lee")
    assert other.api("POST", "/me/totp/confirm", {"code": "123456"}).code == "TOTP_NOT_BEGUN"
    other.api("POST", "/me/totp/begin", {"password": PASSWORD})
    assert _login(world.browser(), id="lee").status == 200
    code = totp.at(world.time.time())
    assert kim.api("POST", "/me/totp/disable", {"password": "no", "code": code}).code == "PASSWORD_WRONG"
    assert kim.api("POST", "/me/totp/disable", {"password": PASSWORD, "code": "000000"}).code == "TOTP_WRONG"
    assert kim.api("POST", "/me/totp/disable", {"password": PASSWORD, "code": code}).status == 204
    assert _login(world.browser()).status == 200


def test_codes_for_switching_off_cannot_be_guessed_in_numbers(world: World) -> None:
    kim, _ = _enrolled(world)
    form = {"password": PASSWORD, "code": "000000"}
    codes = [kim.api("POST", "/me/totp/disable", form).code for _ in range(7)]
    assert codes[:5] == ["TOTP_WRONG"] * 5 and set(codes[5:]) == {"TOO_MANY_TRIES"}


def test_an_administrator_takes_two_steps_off_a_lost_phone(world: World) -> None:
    _enrolled(world)
    boss = world.logged_in("boss")
    assert boss.api("POST", f"/accounts/{world.account('kim')}/disable-totp").status == 204
    assert _login(world.browser()).status == 200


# --- accounts of the company ------------------------------------------------------------------------------------------


def test_an_added_account_with_a_made_password_must_change_it(world: World) -> None:
    """ADM-ACCT."""
    boss = world.logged_in("boss")
    form = {"id": "park", "display_name": "박", "role": "operator", "password": None, "allowed_addresses": ["10.1.2.3"]}
    added = boss.api("POST", "/accounts", form)
    assert added.status == 201
    assert added.json["account"]["allowed_addresses"] == ["10.1.2.3/32"]
    answer = _login(world.browser("10.1.2.3"), id="park", password=added.json["password"])
    assert answer.json["must_change_password"] is True


def test_until_a_made_password_is_changed_its_owner_may_look_but_not_act(world: World) -> None:
    boss = world.logged_in("boss")
    made = boss.api("POST", "/accounts", {"id": "park", "role": "operator", "password": None}).json["password"]
    park = world.browser()
    assert _login(park, id="park", password=made).status == 200
    assert park.api("GET", "/me").json["must_change_password"] is True
    refused = park.api("POST", "/sessions")
    assert (refused.status, refused.json["error"]["code"]) == (403, "PASSWORD_CHANGE_FIRST")
    assert park.api("POST", "/me/password", {"current": made, "new": "eine lange Reise"}).status == 204
    assert park.api("POST", "/sessions").status == 201


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "kim"}, "ID_TAKEN"),
        ({"id": "a b"}, "INVALID_FIELDS"),
        ({"id": "<b>"}, "INVALID_FIELDS"),
        ({"password": "short"}, "PASSWORD_WEAK"),
        ({"role": "root"}, "INVALID_FIELDS"),
        ({"allowed_addresses": ["10.0.0.999"]}, "INVALID_FIELDS"),
        ({"allowed_addresses": ["x; DROP TABLE accounts"]}, "INVALID_FIELDS"),
    ],
)
def test_an_account_that_cannot_be_is_refused(world: World, change: dict[str, Any], code: str) -> None:
    form = {
        "id": "park",
        "display_name": "",
        "role": "operator",
        "password": "long-enough-Pass",
        "allowed_addresses": [],
    }
    assert world.logged_in("boss").api("POST", "/accounts", {**form, **change}).code == code


def test_the_same_rule_holds_for_passwords_and_made_up_accounts(world: World) -> None:
    """Of an account that does not exist, a password is hashed all the same."""
    found = world.db.look(lambda s: service.find_candidate(s, "alpha", "nobody"))
    assert found.account_id is None and found.hash == passwords.DUMMY_HASH
    assert world.db.look(lambda s: s.scalars(select(Login)).all()) == []
