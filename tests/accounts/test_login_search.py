"""Search in the login records: days, results, people, addresses (ADM-REC-LOGIN)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tests.world import PASSWORD, World


def _try(world: World, login: str, password: str, address: str) -> None:
    form = {"company": "alpha", "id": login, "password": password}
    world.browser(address).api("POST", "/login", form)


def test_refusals_people_and_addresses_are_found(world: World) -> None:
    _try(world, "kim", PASSWORD, "203.0.113.7")
    _try(world, "lee", "wrong", "203.0.113.8")
    _try(world, "nobody", "wrong", "203.0.113.9")
    browser = world.logged_in("audit")

    def found(query: str) -> list[str]:
        return [row["login_id"] for row in browser.api("GET", f"/login-records?{query}").json["items"]]

    assert found("result=failed") == ["nobody", "lee"]
    assert found("result=ok&q=203.0.113") == ["kim"]
    assert found("q=113.8") == ["lee"] and found("q=LEE%20alpha") == ["lee"] and found("q=_") == []
    assert found("from=2000-01-01&to=2000-01-02") == [] and len(found("from=2000-01-01")) == 4


def test_days_are_those_of_the_company(world: World) -> None:
    world.set_company(time_zone="Asia/Seoul")
    _try(world, "kim", PASSWORD, "203.0.113.7")
    browser = world.logged_in("audit")
    day = world.time.now().astimezone(ZoneInfo("Asia/Seoul")).date().isoformat()
    assert browser.api("GET", f"/login-records?from={day}&to={day}&q=203.0.113.7").json["total"] == 1


@pytest.mark.parametrize("query", ["result=maybe", "from=yesterday", "to=9999-12-31", "from=0001-01-01"])
def test_nonsense_is_refused(still_world: World, query: str) -> None:
    assert still_world.logged_in("audit").api("GET", f"/login-records?{query}").code == "INVALID_FIELDS"
