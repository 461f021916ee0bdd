"""The agent's control link: JSON messages with a closed list of types for each direction."""

from __future__ import annotations

import json

import pytest
from hostile import mutated, outcome
from hypothesis import given
from hypothesis import strategies as st

from wizhelper.protocol import live
from wizhelper.protocol.errors import RemoteProtocolError

FROM_AGENT: list[live.AgentMessage] = [
    live.Auth("6f7c", "secret", "0.1.0"),
    live.Approval(True),
    live.EndSession("customer_ended"),
    live.Acts((live.Act("screenshot", (live.Fact("name", "화면.png"),)),)),
    live.Quality((live.Sample(5.0, None, 1.5, 30.0, 900.0),)),
    live.Dismiss("7"),
]
FROM_SERVER: list[live.ServerMessage] = [
    live.Hello("ACTIVE", "회사", "김상담", 12.5, "shown", ("view", "control"), "token", True),
    live.ApprovalAsked("김상담", 60.0),
    live.Viewer("v", "ticket", "07" * 16, "김상담", "7", "7.1", "watcher"),
    live.Roles((live.ViewerRole("v", "watcher"),)),
    live.Ended("idle"),
]


def test_messages_come_back_as_they_were() -> None:
    assert [live.decode_from_agent(live.encode(m)) for m in FROM_AGENT] == FROM_AGENT
    assert [live.decode_from_server(live.encode(m)) for m in FROM_SERVER] == FROM_SERVER


def test_types_are_named_in_lower_case_with_underscores() -> None:
    names = [json.loads(live.encode(m))["type"] for m in [*FROM_AGENT, *FROM_SERVER]]
    mine = ["auth", "approval", "end_session", "acts", "quality", "dismiss"]
    assert names == [*mine, "hello", "approval_asked", "viewer", "roles", "ended"]


@pytest.mark.parametrize(
    "message",
    [
        live.Viewer("v", "ticket", "07" * 16, "김상담", role="owner"),
        live.Roles((live.ViewerRole("v", "watcher"), live.ViewerRole("w", ""))),
    ],
)
def test_a_role_that_is_none_is_refused(message: live.ServerMessage) -> None:
    with pytest.raises(RemoteProtocolError, match="role"):
        live.decode_from_server(live.encode(message))


def test_neither_side_accepts_the_other_sides_messages() -> None:
    for mine in FROM_AGENT:
        with pytest.raises(RemoteProtocolError, match="unknown type"):
            live.decode_from_server(live.encode(mine))
    for theirs in FROM_SERVER:
        with pytest.raises(RemoteProtocolError, match="unknown type"):
            live.decode_from_agent(live.encode(theirs))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type":1}',
        '{"type":"Auth"}',
        '{"type":"approval"}',
        '{"type":"approval","accepted":1}',
        '{"type":"approval","accepted":true,"more":1}',
        '{"type":"approval","type":"approval","accepted":true}',
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_LIVE"):
        live.decode_from_agent(text)


def test_a_message_is_limited_to_the_byte() -> None:
    def message(length: int) -> bytes:
        empty = len(live.encode(live.EndSession("")))
        return live.encode(live.EndSession("x" * (length - empty)))

    live.decode_from_agent(message(live.MAX_MESSAGE_BYTES))
    with pytest.raises(RemoteProtocolError, match="too long"):
        live.decode_from_agent(message(live.MAX_MESSAGE_BYTES + 1))


@given(mutated([live.encode(m) for m in [*FROM_AGENT, *FROM_SERVER]]) | st.binary(max_size=200))
def test_changed_messages_are_read_or_refused(data: bytes) -> None:
    from_agent = outcome(live.decode_from_agent, data)
    from_server = outcome(live.decode_from_server, data)
    for message in (from_agent, from_server):
        if message is not None:
            live.encode(message)


@pytest.mark.parametrize(
    "facts",
    [
        (live.Fact("n", "v"),) * (live.MAX_FACTS + 1),
        (live.Fact("n" * (live.MAX_NAME_LENGTH + 1), "v"),),
        (live.Fact("n", "v" * (live.MAX_FACT_LENGTH + 1)),),
    ],
)
def test_an_act_has_few_and_short_facts(facts: tuple[live.Fact, ...]) -> None:
    with pytest.raises(RemoteProtocolError, match="facts"):
        live.decode_from_agent(live.encode(live.Acts((live.Act("screenshot", facts),))))


@pytest.mark.parametrize("count", [0, live.MAX_ACTS + 1])
def test_a_message_of_acts_has_some_and_not_endless_many(count: int) -> None:
    with pytest.raises(RemoteProtocolError, match="acts"):
        live.decode_from_agent(live.encode(live.Acts((live.Act("screenshot"),) * count)))
