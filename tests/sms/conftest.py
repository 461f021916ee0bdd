"""Fixtures: an appliance with a provider that the tests play."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sms.peers import OwnReactor, PlayedProvider, played_provider
from tests.sms.sms_fakes import FakeKind, Office
from tests.world import World
from wizhelper.sms.kinds import KINDS


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> FakeKind:
    made: Any = FakeKind()
    monkeypatch.setitem(KINDS, "fake", made)
    return made  # type: ignore[no-any-return]


@pytest.fixture
def office(world: World, kind: FakeKind) -> Iterator[Office]:
    yield Office(world, kind)
    for provider in kind.providers.values():
        provider.let_go()


@pytest.fixture
def own() -> Iterator[OwnReactor]:
    made = OwnReactor()
    yield made
    made.close()


@pytest.fixture
def provider() -> Iterator[PlayedProvider]:
    with played_provider() as made:
        yield made
