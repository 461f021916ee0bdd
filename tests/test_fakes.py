"""The stand-ins keep to the interfaces of what they stand for."""

from __future__ import annotations

import inspect

import pytest
from fakes import ImmediateDatabase, RecordingEnd, RecordingListener
from sqlalchemy import text
from world import World

from wizhelper.relay.hub import Listener
from wizhelper.relay.pairing import End
from wizhelper.store.database import Database


@pytest.mark.parametrize("name", [n for n in vars(Database) if not n.startswith("_")])
def test_the_immediate_database_has_every_method_with_the_same_parameters(name: str) -> None:
    real, fake = getattr(Database, name), getattr(ImmediateDatabase, name)
    assert list(inspect.signature(fake).parameters) == list(inspect.signature(real).parameters)
    assert inspect.iscoroutinefunction(fake) == inspect.iscoroutinefunction(real)


@pytest.mark.parametrize(("protocol", "fake"), [(Listener, RecordingListener), (End, RecordingEnd)])
def test_recording_fakes_have_the_methods_of_their_protocol(protocol: type, fake: type) -> None:
    for name in [n for n in vars(protocol) if not n.startswith("_") and callable(getattr(protocol, n))]:
        expected = list(inspect.signature(getattr(protocol, name)).parameters)
        assert list(inspect.signature(getattr(fake, name)).parameters) == expected


def test_the_in_memory_appliance_answers(world: World) -> None:
    """Its real parts are wired by server.py itself: port, timer, database."""
    assert world.browser().get("/health").json["status"] == "ok"
    assert world.db.look(lambda s: s.scalar(text("SELECT count(*) FROM companies"))) == 2
