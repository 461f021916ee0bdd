"""Before the hasher stands the limiter: floods are cheap, clean addresses get in, nobody can be locked out by others."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import Browser, ManualTime, immediate_thread, open_wire
from twisted.internet.defer import Deferred
from world import PASSWORD, World

import wizhelper.accounts.logins as accounts_logins
from wizhelper.accounts import passwords
from wizhelper.accounts.service import LoginLimiter
from wizhelper.http.errors import ApiError


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch, world: World) -> list[str]:
    """Every password that is verified; nothing is really hashed."""
    seen: list[str] = []

    def verify(_stored: str, password: str) -> bool:
        seen.append(password)
        return password == PASSWORD

    monkeypatch.setattr(passwords, "verify_password", verify)
    return seen


def _login(browser: Browser, password: str, login_id: str = "kim") -> str:
    answer = browser.api("POST", "/login", {"company": "alpha", "id": login_id, "password": password})
    return answer.code or str(answer.status)


def test_a_flood_of_ten_thousand_bad_logins_costs_no_more_than_250_hashes(time_: ManualTime) -> None:
    """Security figures, row F: 200 sources, round robin, in one minute; nobody waits who did nothing."""
    limiter, hashed = LoginLimiter(time_.monotonic), 0
    for attempt in range(10_000):
        time_.advance(0.006)
        try:
            limiter.check(f"203.0.113.{attempt % 200}", "alpha", f"user{attempt % 37}")
        except ApiError as problem:
            assert problem.code == "TOO_MANY_TRIES"
        else:
            hashed += 1
    assert hashed <= 250
    limiter.check("198.51.100.1", "alpha", "user1")


def test_a_flood_over_http_hashes_little_and_lets_a_clean_address_in(world: World, hashes: list[str]) -> None:
    """Security figures, row F, through the whole stack."""
    browsers = [world.browser(f"203.0.113.{i}") for i in range(50)]
    for attempt in range(500):
        _login(browsers[attempt % 50], "wrong", f"user{attempt % 7}")
    assert len(hashes) <= 70
    assert _login(world.browser("198.51.100.9"), PASSWORD) == "200"


def test_logins_that_arrive_together_are_counted_before_the_first_is_hashed(
    world: World, hashes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hasher takes its time; a burst must not slip by meanwhile."""
    waiting: list[tuple[Deferred[Any], Any]] = []

    def slow(_reactor: Any, _pool: Any, work: Any, *arguments: Any) -> Deferred[Any]:
        waiting.append((Deferred(), lambda: work(*arguments)))
        return waiting[-1][0]

    monkeypatch.setattr(accounts_logins, "deferToThreadPool", slow)
    site = world.site
    body = b'{"company":"alpha","id":"kim","password":"wrong"}'
    head = b"POST /api/v1/login HTTP/1.1\r\nHost: support.example\r\nContent-Type: application/json\r\n"
    wires = [open_wire(site, "203.0.113.5") for _ in range(40)]
    for wire in wires:
        wire.receive(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert len(waiting) == 5
    monkeypatch.setattr(accounts_logins, "deferToThreadPool", immediate_thread)
    for done, work in waiting:
        done.callback(work())
    answers = [wire.value().split(b" ")[1] for wire in wires]
    assert sorted(answers) == [b"401"] * 5 + [b"429"] * 35


def test_a_named_user_cannot_be_locked_out_from_elsewhere(world: World, hashes: list[str]) -> None:
    """Back-off is per address and account, not a lock on the account."""
    for i in range(100):
        _login(world.browser(f"203.0.113.{i}"), "wrong")
    assert _login(world.browser("198.51.100.9"), PASSWORD) == "200"


def test_five_wrong_passwords_for_one_account_make_one_address_wait_ten_minutes(
    world: World, hashes: list[str]
) -> None:
    browser = world.browser("203.0.113.5")
    assert [_login(browser, "wrong") for _ in range(6)] == ["LOGIN_FAILED"] * 5 + ["TOO_MANY_TRIES"]
    assert _login(browser, PASSWORD) == "TOO_MANY_TRIES"
    assert _login(browser, PASSWORD, "lee") == "200"
    world.advance(600)
    assert _login(browser, PASSWORD) == "200"


@pytest.mark.parametrize("spelling", [("alpha ", "kim"), (" ALPHA", "kim"), ("Alpha", " kim"), ("alpha", "kim\t")])
def test_another_spelling_of_the_same_account_has_no_budget_of_its_own(
    time_: ManualTime, spelling: tuple[str, str]
) -> None:
    limiter = LoginLimiter(time_.monotonic)
    for _ in range(5):
        limiter.check("203.0.113.5", "alpha", "kim")
    with pytest.raises(ApiError, match="TOO_MANY_TRIES"):
        limiter.check("203.0.113.5", *spelling)


def test_a_success_clears_the_wrong_tries_of_that_account_there(world: World, hashes: list[str]) -> None:
    browser = world.browser("203.0.113.5")
    for _ in range(3):
        assert [_login(browser, "wrong") for _ in range(4)] == ["LOGIN_FAILED"] * 4
        assert _login(browser, PASSWORD) == "200"


def test_a_success_does_not_clear_what_the_address_tried_elsewhere(world: World, hashes: list[str]) -> None:
    """One good account must not buy an endless supply of guesses at others."""
    browser = world.browser("203.0.113.5")
    results = []
    for i in range(30):
        results.append(_login(browser, "wrong", f"victim{i}"))
        _login(browser, PASSWORD)
    assert results.count("LOGIN_FAILED") <= 20


def test_a_refused_login_says_when_to_try_again(world: World, hashes: list[str]) -> None:
    browser = world.browser("203.0.113.5")
    for _ in range(5):
        _login(browser, "wrong")
    answer = browser.api("POST", "/login", {"company": "alpha", "id": "kim", "password": "x"})
    assert answer.status == 429
    assert 0 < answer.json["error"]["details"]["retry_after_s"] <= 601
