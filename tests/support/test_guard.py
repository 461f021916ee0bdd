"""Guessing connection numbers: how many guesses are looked up, and what the guesser learns."""

from __future__ import annotations

import pytest
from fakes import ManualTime
from world import World

from wizhelper.http.errors import ApiError
from wizhelper.support.guard import NumberGuard

HOST = {"host_name": "PC", "user_name": "u", "os": "windows", "os_version": "11"}


@pytest.fixture
def guard(time_: ManualTime) -> NumberGuard:
    return NumberGuard(time_.monotonic)


def _passes(guard: NumberGuard, address: str, number: str = "123456") -> bool:
    try:
        guard.check(address, number)
    except ApiError as problem:
        assert problem.code == "TOO_MANY_TRIES"
        assert problem.details and problem.details["retry_after_s"] > 0
        return False
    return True


def test_ten_thousand_guesses_from_500_addresses_lead_to_no_more_than_30_look_ups(
    guard: NumberGuard, time_: ManualTime
) -> None:
    """Security figures, row D."""
    evaluated = 0
    for attempt in range(10_000):
        time_.advance(0.059)
        evaluated += _passes(guard, f"203.0.{attempt % 500 // 250}.{attempt % 250}")
    assert time_.elapsed < 600
    assert evaluated == 30
    assert guard.under_attack


def test_guesses_that_arrive_at_once_are_all_counted_before_the_first_is_judged(guard: NumberGuard) -> None:
    """The database answers later; a burst must not pass while it is busy."""
    assert sum(_passes(guard, f"203.0.113.{i % 200}") for i in range(1000)) == 30


def test_one_address_has_five_wrong_numbers_in_ten_minutes_and_twenty_an_hour(
    guard: NumberGuard, time_: ManualTime
) -> None:
    passed = []
    for _ in range(6):
        passed.append(sum(_passes(guard, "203.0.113.9") for _ in range(6)))
        time_.advance(minutes=10)
    assert passed == [5, 5, 5, 5, 0, 0]


def test_right_numbers_cost_nothing(guard: NumberGuard) -> None:
    for _ in range(100):
        assert _passes(guard, "203.0.113.9")
        guard.take_back("203.0.113.9")
    assert not guard.under_attack


def test_addresses_of_one_ipv6_network_count_as_one(guard: NumberGuard) -> None:
    assert sum(_passes(guard, f"2001:db8:1:2::{i:x}") for i in range(20)) == 5


def test_under_attack_long_numbers_are_still_looked_up_for_addresses_that_did_nothing_wrong(guard: NumberGuard) -> None:
    for i in range(30):
        _passes(guard, f"203.0.113.{i}")
    assert not _passes(guard, "198.51.100.1", "123456")
    assert _passes(guard, "198.51.100.1", "123456789")


def test_the_attack_is_over_ten_minutes_after_its_last_look_up(guard: NumberGuard, time_: ManualTime) -> None:
    for i in range(30):
        _passes(guard, f"203.0.113.{i}")
    time_.advance(600)
    assert not guard.under_attack
    assert _passes(guard, "198.51.100.1")


# --- seen from outside ------------------------------------------------------------------------------------------------


def _join(world: World, number: str, address: str | None = None) -> tuple[int, object]:
    answer = world.browser(address).api("POST", "/join", {"number": number, "host": HOST})
    return answer.status, answer.json


def test_wrong_used_expired_and_cancelled_numbers_give_the_same_answer(world: World) -> None:
    """Security entry point E2: nothing to learn from a refusal."""
    kim = world.logged_in("kim")
    cancelled = kim.api("POST", "/sessions", {}).json
    kim.api("POST", f"/sessions/{cancelled['id']}/cancel")
    expired = kim.api("POST", "/sessions", {}).json["number"]
    world.advance(minutes=31)
    used = kim.api("POST", "/sessions", {}).json
    welcome = world.browser().api("POST", "/join", {"number": used["number"], "host": HOST}).json
    world.browser().api(
        "POST",
        f"/join/{welcome['session']}/consent",
        {"accepted": False, "text": welcome["consent"]["id"], "source": "window"},
        headers={"Authorization": f"Bearer {welcome['secret']}"},
    )
    never = "999999" if "999999" not in (cancelled["number"], expired, used["number"]) else "999998"
    answers = [_join(world, number) for number in (cancelled["number"], expired, used["number"], never)]
    assert answers[0][0] == 404
    assert answers.count(answers[0]) == 4


def test_the_sixth_wrong_number_from_one_address_is_not_looked_up_and_says_when_to_try_again(world: World) -> None:
    number = world.logged_in("kim").api("POST", "/sessions", {}).json["number"]
    wrong = [n for n in map(str, range(100000, 100010)) if n != number][:5]
    for guess in wrong:
        assert _join(world, guess, "203.0.113.77")[0] == 404
    answer = world.browser("203.0.113.77").api("POST", "/join", {"number": number, "host": HOST})
    assert (answer.status, answer.code) == (429, "TOO_MANY_TRIES")
    assert 0 < int(answer.headers["retry-after"]) <= 601
    assert _join(world, number)[0] == 200


def test_after_thirty_wrong_numbers_new_ones_have_nine_digits_and_work(world: World) -> None:
    """Attack mode."""
    kim = world.logged_in("kim")
    before = kim.api("POST", "/sessions", {}).json["number"]
    for guess in range(30):
        _join(world, str(100000 + guess))
    assert _join(world, before)[0] == 429
    after = kim.api("POST", "/sessions", {}).json["number"]
    assert len(after) == 9
    assert _join(world, after)[0] == 200
