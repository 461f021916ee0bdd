"""AG-GROUP-FIRST: the groups that a PC is offered before it is registered, and what a stranger learns from them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fakes import Answer
from test_device_groups import group, team
from test_devices_server import Pc, make_token
from world import World

from wizhelper.devices import offered
from wizhelper.devices.offered import MAX_BYTES


def look(world: World, company: str = "alpha", token: str | None = None, address: str | None = None) -> Answer:
    return world.browser(address).api("POST", "/devices/enrol/groups", {"company": company, "token": token})


@pytest.fixture
def walled(world: World) -> None:
    """North and South/First floor for everybody; Vault and what is in it for some."""
    group(world, "First floor", group(world, "South"))
    group(world, "North")
    vault = group(world, "Vault")
    group(world, "Safe", vault)
    form = {"restricted": True, "teams": [team(world, "Bank", "lee")]}
    assert world.logged_in("boss").api("PUT", f"/device-groups/{vault}/teams", form).status == 200


def test_a_pc_is_offered_the_groups_that_there_are(world: World, walled: None) -> None:
    """AG-GROUP-FIRST; and every path that is offered is taken."""
    answer = look(world)
    assert answer.status == 200 and answer.json["groups"] == ["North", "South", "South/First floor"]
    for path in answer.json["groups"]:
        assert Pc(world).enrol(group=path).status == 201


def test_restricted_groups_are_named_only_to_those_with_a_token_which_stays_good(world: World, walled: None) -> None:
    token = make_token(world)
    assert look(world, token=token).json["groups"][-2:] == ["Vault", "Vault/Safe"]
    assert Pc(world).enrol(token=token, group="Vault/Safe").status == 201
    assert look(world, token=token).code == "ENROLMENT_TOKEN"
    assert look(world, token="guess").code == "ENROLMENT_TOKEN"
    assert look(world, "beta", token=make_token(world)).code == "ENROLMENT_TOKEN"


def test_groups_of_other_companies_are_not_among_them(world: World, walled: None) -> None:
    assert look(world, "beta").json["groups"] == []
    assert look(world, "nowhere").code == "COMPANY_UNKNOWN"


def test_nobody_tries_company_codes_or_tokens_for_long(world: World) -> None:
    answers = [look(world, f"c{n}", address="198.51.100.7").code for n in range(21)]
    assert answers == ["COMPANY_UNKNOWN"] * 20 + ["TOO_MANY_TRIES"]
    assert look(world, address="198.51.100.8").status == 200
    assert Pc(world).enrol(address="198.51.100.7").status == 201


def test_the_answer_is_never_longer_than_an_agent_reads() -> None:
    rows: Any = [SimpleNamespace(id=n, parent_id=None, name="가" * 60 + f"{n:04}", restricted=False) for n in range(1, 1001)]
    found = offered.fitting(offered.paths(rows, False))
    assert 600 < len(found) < 1000 and sum(len(path.encode()) + 3 for path in found) <= MAX_BYTES
