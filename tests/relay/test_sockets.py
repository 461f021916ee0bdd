"""The three WebSockets of the appliance, through its real HTTP site in memory: who may open them, what closes them."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from typing import Any

import pytest
from fakes import BINARY, TEXT, SocketClient, client_frame
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport
from world import World

from wizhelper.protocol.frames import MAX_FRAME_BYTES
from wizhelper.protocol.live import MAX_MESSAGE_BYTES
from wizhelper.relay import sockets
from wizhelper.relay.tickets import Side, Ticket

ORIGINS: dict[str, str | None] = {
    "own": "https://support.example:8443",
    "none": None,
    "other": "https://evil.example",
    "null": "null",
    "sub-domain": "https://www.support.example:8443",
    "port": "https://support.example:9443",
    "scheme": "http://support.example:8443",
}
#: Consoles are browsers, agents are none, and the relay serves one of each.
ALLOWED: dict[str, set[str]] = {"/ws/live": {"own"}, "/ws/agent": {"none"}, "/ws/relay": {"own", "none"}}
LIMITS = {"/ws/live": sockets.MAX_LIVE_BYTES, "/ws/agent": MAX_MESSAGE_BYTES, "/ws/relay": MAX_FRAME_BYTES}
HOST = {"host_name": "PC", "user_name": "u", "os": "windows", "os_version": "11"}


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "behind a proxy"])
@pytest.mark.parametrize("path", ALLOWED)
def test_a_socket_opens_for_its_own_origin_only(make_world: Any, path: str, secure: bool) -> None:
    """Security figures, row B; MeshCentral CVE-2024-26135 and CVE-2026-66420: one check, whatever the certificate."""
    world = make_world(secure=secure)
    for name, origin in ORIGINS.items():
        if not secure and origin is not None and name in ("own", "scheme"):
            origin = origin.replace("https", "http") if name == "own" else "https://support.example:8443"
        socket = world.socket(path, origin=origin)
        assert socket.status in ((101,) if name in ALLOWED[path] else (400, 403)), name


@pytest.mark.parametrize("path", ALLOWED)
def test_a_socket_answers_to_no_foreign_host_name(world: World, path: str) -> None:
    """DNS rebinding: the origin fits the host, and neither is ours."""
    for origin in ("https://evil.example", None):
        socket = world.socket(path, origin=origin, host="evil.example")
        assert socket.status in (403, 421)


@pytest.fixture
def live(world: World) -> SocketClient:
    return world.socket("/ws/live", origin=world.origin)


def _relay(world: World, side: Side = Side.CONSOLE, viewer: int = 5, session: int = 4) -> SocketClient:
    socket = world.socket("/ws/relay", origin=world.origin if side is Side.CONSOLE else None)
    ticket = Ticket(side, uuid.UUID(int=session), uuid.UUID(int=viewer))
    socket.send({"type": "join", "ticket": world.appliance.tickets.issue(ticket)})
    return socket


def _pair(world: World) -> tuple[SocketClient, SocketClient]:
    return _relay(world, Side.CONSOLE), _relay(world, Side.AGENT)


# --- all kinds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ALLOWED)
def test_a_socket_that_says_nothing_is_closed_after_ten_seconds(world: World, path: str) -> None:
    socket = world.socket(path, origin=ORIGINS[min(ALLOWED[path])])
    world.reactor.advance(9.9)
    assert socket.frames == []
    world.reactor.advance(0.2)
    assert (socket.close_code, socket.close_reason) == (4403, "TOO_LATE")


@pytest.mark.parametrize("path", ["/ws/live", "/ws/agent"])
@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\x00", b'"auth"', b'{"type":"auth","type":"x"}', b'{"type":5}', b"[" * 9000, b"NaN"]
)
def test_what_is_not_understood_closes_with_a_code(world: World, path: str, data: bytes) -> None:
    socket = world.socket(path, origin=ORIGINS[min(ALLOWED[path])])
    socket.send_raw(client_frame(TEXT, data))
    assert socket.close_code is not None and 4000 <= socket.close_code < 5000
    assert socket.close_reason == "BAD_LIVE"


@pytest.mark.parametrize("path", ALLOWED)
def test_a_message_over_the_limit_closes_with_1009(world: World, path: str) -> None:
    limit = LIMITS[path]
    socket = world.socket(path, origin=ORIGINS[min(ALLOWED[path])])
    socket.send_raw(client_frame(BINARY, b"", announce=limit + 1))
    assert socket.close_code == 1009


@pytest.mark.parametrize("path", ALLOWED)
def test_a_message_over_the_limit_in_pieces_closes_with_1009(world: World, path: str) -> None:
    limit = LIMITS[path]
    socket = world.socket(path, origin=ORIGINS[min(ALLOWED[path])])
    piece = os.urandom(min(limit // 2 + 1, 1 << 15))
    for i in range(limit // len(piece) + 2):
        if socket.close_code is None:
            socket.send_raw(client_frame(BINARY if i == 0 else 0, piece, final=False))
    assert socket.close_code == 1009


@pytest.mark.parametrize("path", ALLOWED)
def test_a_length_of_exabytes_is_refused_at_its_announcement(world: World, path: str) -> None:
    socket = world.socket(path, origin=ORIGINS[min(ALLOWED[path])])
    socket.send_raw(client_frame(BINARY, b"", announce=2**62))
    assert socket.close_code in (1009, 1002)


def test_frames_without_a_mask_are_refused(world: World) -> None:
    socket = world.socket("/ws/live", origin=world.origin)
    socket.send_raw(b"\x81\x02{}")
    assert socket.close_code == 1002


def test_no_compression_is_agreed_to(world: World) -> None:
    """A compressor between secrets and a chosen text leaks; and a small frame could unpack to anything."""
    assert b"permessage-deflate" not in world.socket("/ws/relay", origin=None).wire.value()


# --- live -------------------------------------------------------------------------------------------------------------


def test_a_console_gets_its_sessions_and_then_every_change(world: World) -> None:
    """OP-WAIT-LIST, OP-COUNT."""
    kim = world.logged_in("kim")
    socket = world.console(kim)
    (hello,) = socket.of_type("hello")
    assert hello["sessions"] == [] and hello["counts"]["now"]["waiting"] == 0
    session = kim.api("POST", "/sessions", {}).json
    assert socket.of_type("session")[-1]["session"] == session
    assert socket.of_type("counts")[-1]["counts"]["now"]["waiting"] == 1


def test_a_console_hears_nothing_of_other_accounts(world: World) -> None:
    sockets_ = [world.console(world.logged_in(*who)) for who in (("lee", "alpha"), ("kim", "beta"))]
    world.logged_in("kim").api("POST", "/sessions", {})
    assert all(s.of_type("session") == [] for s in sockets_)


@pytest.mark.parametrize(
    "message", [{"type": "auth", "ticket": "x"}, {"type": "auth"}, {"type": "auth", "ticket": None}]
)
def test_a_bad_ticket_closes_the_socket(live: SocketClient, message: dict[str, Any]) -> None:
    live.send(message)
    assert (live.close_code, live.close_reason) == (4403, "BAD_TICKET")


def test_a_ticket_is_for_one_socket(world: World) -> None:
    ticket = world.logged_in("kim").api("POST", "/live-tickets").json["ticket"]
    first, second = (world.socket("/ws/live", origin=world.origin) for _ in range(2))
    for socket in (first, second):
        socket.send({"type": "auth", "ticket": ticket})
    assert first.of_type("hello") and second.close_code == 4403


def test_nothing_can_be_said_before_the_ticket(live: SocketClient) -> None:
    live.send({"type": "active"})
    assert live.close_code is not None and live.close_reason == "BAD_LIVE"


def test_a_second_authentication_is_an_error(world: World) -> None:
    kim = world.logged_in("kim")
    socket = world.console(kim)
    socket.send({"type": "auth", "ticket": kim.api("POST", "/live-tickets").json["ticket"]})
    assert socket.close_reason == "BAD_LIVE"


def test_a_closed_console_is_not_told_anything_more(world: World) -> None:
    kim = world.logged_in("kim")
    socket = world.console(kim)
    socket.drop()
    assert not world.appliance.hub.has_console(world.account("kim"))
    assert kim.api("POST", "/sessions", {}).status == 201


# --- agent ------------------------------------------------------------------------------------------------------------


def _joined(world: World) -> dict[str, Any]:
    """A session in CONNECTING, and the secret of its program."""
    world.set_company(consent_enabled=False)
    kim = world.logged_in("kim")
    number = kim.api("POST", "/sessions", {}).json["number"]
    joined: dict[str, Any] = world.browser().api("POST", "/join", {"number": number, "host": HOST}).json
    return {"kim": kim, **joined}


def _auth(joined: dict[str, Any], **changes: str) -> dict[str, str]:
    return {"type": "auth", "session": joined["session"], "secret": joined["secret"], "version": "1", **changes}


def test_an_agent_with_its_secret_is_let_in_and_makes_the_session_active(world: World) -> None:
    joined = _joined(world)
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined))
    assert agent.of_type("hello")[0]["operator"] == "Kim alpha"
    (session,) = joined["kim"].api("GET", "/sessions").json["items"]
    assert (session["state"], session["agent_online"]) == ("ACTIVE", True)


@pytest.mark.parametrize(
    "change", [{"secret": "x"}, {"session": str(uuid.UUID(int=9))}, {"session": "\0"}, {"session": ""}]
)
def test_an_agent_without_the_right_secret_is_refused(world: World, change: dict[str, str]) -> None:
    joined = _joined(world)
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined, **change))
    assert (agent.close_code, agent.close_reason) == (4403, "NOT_FOUND")


def test_an_agent_of_a_session_without_consent_is_refused(world: World) -> None:
    """CUST-CONSENT."""
    number = world.logged_in("kim").api("POST", "/sessions", {}).json["number"]
    joined = world.browser().api("POST", "/join", {"number": number, "host": HOST}).json
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined))
    assert agent.close_reason == "SESSION_STATE"


def test_an_agent_that_is_lost_suspends_its_session(world: World) -> None:
    joined = _joined(world)
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined))
    agent.drop()
    (session,) = joined["kim"].api("GET", "/sessions").json["items"]
    assert (session["state"], session["suspended_reason"]) == ("SUSPENDED", "network")


def test_an_agent_that_goes_while_the_database_is_asked_is_never_present(world: World) -> None:
    joined = _joined(world)
    answer: Deferred[None] = Deferred()
    real = world.support.agent_authenticates

    async def slow(*arguments: Any) -> Any:
        await answer
        return await real(*arguments)

    factory = world.site.resource._sockets[b"agent"]._factory
    factory.parts = replace(factory.parts, agent=replace(factory.parts.agent, authenticate=slow))
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined))
    agent.drop()
    answer.callback(None)
    assert not world.appliance.hub.has_agent(uuid.UUID(joined["session"]))
    (session,) = joined["kim"].api("GET", "/sessions").json["items"]
    assert session["state"] == "CONNECTING"


def test_one_socket_speaks_for_one_session(world: World) -> None:
    first, second = _joined(world), _joined(world)
    agent = world.socket("/ws/agent")
    agent.send(_auth(first))
    agent.send(_auth(second))
    assert agent.close_reason == "BAD_LIVE"
    agent.drop()
    assert not any(world.appliance.hub.has_agent(uuid.UUID(j["session"])) for j in (first, second))


def test_the_customers_end_ends_the_session_and_the_agent_is_told(world: World) -> None:
    joined = _joined(world)
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined))
    agent.send({"type": "end_session", "reason": "customer"})
    (session,) = [s for s in joined["kim"].api("GET", "/sessions").json["items"] if s["id"] == joined["session"]]
    assert (session["state"], session["end_reason"]) == ("WRAPUP", "customer_ended")
    assert agent.of_type("ended") == [{"type": "ended", "reason": "customer_ended"}]
    assert agent.close_code == 4010


def test_what_was_done_last_is_recorded_though_the_operator_has_just_ended_the_session(world: World) -> None:
    """No act is lost to an End that comes right after it."""
    joined = _joined(world)
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined))
    joined["kim"].api("POST", f"/sessions/{joined['session']}/end", {})
    assert agent.close_code == 4010
    for _ in range(30):
        agent.send({"type": "acts", "acts": [{"name": "screenshot", "facts": []}] * 3})
    record = joined["kim"].api("GET", f"/records/{joined['session']}").json
    assert [event["type"] for event in record["events"]].count("screenshot") == 90


# --- relay ------------------------------------------------------------------------------------------------------------


def test_two_ends_are_joined_paired_and_hear_each_other(world: World) -> None:
    console, agent = _pair(world)
    console.send(b"from console")
    agent.send(b"\x00" * 70_000)
    assert console.messages == [{"type": "joined"}, {"type": "paired"}, b"\x00" * 70_000]
    assert agent.messages == [{"type": "joined"}, {"type": "paired"}, b"from console"]


def test_messages_reach_no_other_room(world: World) -> None:
    console, agent = _pair(world)
    strangers = _relay(world, Side.AGENT, viewer=6), _relay(world, Side.AGENT, session=9)
    console.send(b"secret")
    assert b"secret" in agent.messages
    assert all(b"secret" not in s.messages for s in strangers)


@pytest.mark.parametrize(
    "message", [{"type": "join", "ticket": "x"}, {"type": "join"}, {"type": "auth"}, b"binary", {"ticket": 5}]
)
def test_without_a_ticket_the_relay_closes_with_4000(world: World, message: Any) -> None:
    socket = world.socket("/ws/relay", origin=None)
    socket.send(message)
    assert socket.close_code == 4000


def test_a_used_ticket_closes_with_4000(world: World) -> None:
    text = world.appliance.tickets.issue(Ticket(Side.AGENT, uuid.UUID(int=1), uuid.UUID(int=2)))
    first, second = (world.socket("/ws/relay", origin=None) for _ in range(2))
    for socket in (first, second):
        socket.send({"type": "join", "ticket": text})
    assert (first.close_code, second.close_code) == (None, 4000)


def test_text_after_the_join_closes_with_4002(world: World) -> None:
    console, agent = _pair(world)
    console.send({"type": "x"})
    assert console.close_code == 4002
    assert agent.messages == [{"type": "joined"}, {"type": "paired"}]


def test_a_message_before_the_pairing_closes(world: World) -> None:
    console = _relay(world)
    console.send(b"early")
    assert console.close_reason == "NOT_PAIRED"


def test_a_flood_of_messages_closes_with_4002(world: World) -> None:
    console, agent = _pair(world)
    frame = client_frame(BINARY, b"x")
    console.send_raw(frame * sockets.MESSAGE_BURST)
    assert console.close_code is None
    console.send_raw(frame * 2)
    assert console.close_code == 4002
    assert len(agent.messages) <= 2 + sockets.MESSAGE_BURST + 1


def test_the_rate_fills_up_again(world: World) -> None:
    console, _ = _pair(world)
    frame = client_frame(BINARY, b"x")
    console.send_raw(frame * sockets.MESSAGE_BURST)
    world.reactor.advance(1.0)
    console.send_raw(frame * sockets.MESSAGES_PER_S)
    assert console.close_code is None


def test_nobody_came_closes_with_4004(world: World) -> None:
    console = _relay(world)
    world.reactor.advance(31)
    assert console.close_code == 4004


def test_a_peer_that_is_lost_closes_with_4001(world: World) -> None:
    console, agent = _pair(world)
    agent.drop()
    assert console.close_code == 4001


def test_a_newer_link_closes_the_older_with_4005(world: World) -> None:
    console, _ = _pair(world)
    world.time.advance(1)
    _relay(world)
    assert console.close_code == 4005


def test_a_slow_reader_pauses_the_sender_and_its_end_lets_it_read_again(world: World) -> None:
    """Security figures, row H: nothing piles up in the relay. Each transport's producer is the other's transport."""
    console, agent = _pair(world)
    assert console.wire.producer is agent.wire and agent.wire.producer is console.wire
    agent.wire.pauseProducing()
    assert agent.wire.producerState == "paused"
    console.drop()
    assert agent.wire.producerState == "producing"
    assert agent.close_code == 4001
    assert isinstance(agent.wire, StringTransport)


def test_a_paused_sender_that_is_closed_by_its_own_side_reads_again(world: World) -> None:
    console, agent = _pair(world)
    console.wire.pauseProducing()
    world.appliance.pairing.end_session(uuid.UUID(int=4))
    assert console.wire.producerState == "producing"
    assert (console.close_code, agent.close_code) == (4003, 4003)


# --- a whole session --------------------------------------------------------------------------------------------------


def _controlled(world: World) -> tuple[Any, SocketClient, SocketClient, SocketClient]:
    """-> the operator's browser, the agent's control socket, and both ends of an open control view."""
    joined = _joined(world)
    agent = world.socket("/ws/agent")
    agent.send(_auth(joined))
    grant = joined["kim"].api("POST", f"/sessions/{joined['session']}/control", {}).json
    asked = agent.of_type("viewer")[-1]
    ends = world.socket("/ws/relay", origin=world.origin), world.socket("/ws/relay")
    ends[0].send({"type": "join", "ticket": grant["ticket"]})
    ends[1].send({"type": "join", "ticket": asked["ticket"]})
    assert ends[0].of_type("paired") and asked["sid"] == grant["sid"]
    return joined["kim"], agent, *ends


@pytest.mark.parametrize("how", ["logout", "disabled", "password", "idle"])
def test_the_end_of_a_login_closes_the_control_view_that_it_opened(world: World, how: str) -> None:
    """A person who is thrown out does not go on controlling a PC; the session waits for an operator."""
    kim, agent, console_end, agent_end = _controlled(world)
    boss = world.logged_in("boss")
    if how == "logout":
        kim.api("POST", "/logout")
    elif how == "disabled":
        boss.api("PATCH", f"/accounts/{world.account('kim')}", {"status": "disabled"})
    elif how == "password":
        boss.api("POST", f"/accounts/{world.account('kim')}/reset-password")
    else:
        world.set_company(login_idle_s=300)
        world.advance(302)
    assert (console_end.close_code, agent_end.close_code) == (4001, 4001)
    assert agent.close_code is None
    (session,) = world.logged_in("audit").api("GET", "/records").json["items"]
    assert (session["state"], session["suspended_reason"]) == ("SUSPENDED", "operator_gone")


def test_another_login_of_the_same_account_keeps_its_control_view(world: World) -> None:
    _, _, console_end, _ = _controlled(world)
    world.logged_in("kim").api("POST", "/logout")
    assert console_end.close_code is None


def test_a_cut_by_an_administrator_closes_everything(world: World) -> None:
    _, agent, console_end, agent_end = _controlled(world)
    boss = world.logged_in("boss")
    (session,) = boss.api("GET", "/sessions/now").json["items"]
    boss.api("POST", f"/sessions/{session['id']}/cut", {"reason": "shift is over"})
    assert (console_end.close_code, agent_end.close_code, agent.close_code) == (4003, 4003, 4010)
    assert agent.of_type("ended") == [{"type": "ended", "reason": "admin_cut"}]


def test_the_next_number_follows_when_a_live_session_ends_and_the_console_is_there(world: World) -> None:
    """OP-SET-AUTOWAIT."""
    kim, agent, *_ = _controlled(world)
    world.console(kim)
    agent.send({"type": "end_session", "reason": "customer"})
    states = sorted(s["state"] for s in kim.api("GET", "/sessions").json["items"])
    assert states == ["WAITING", "WRAPUP"]


@pytest.mark.parametrize("reason", ["switched off", "nobody there"])
def test_no_number_follows_for_nobody_or_where_it_is_switched_off(world: World, reason: str) -> None:
    """OP-SET-AUTOWAIT."""
    kim, agent, *_ = _controlled(world)
    if reason == "switched off":
        world.console(kim)
        form = {"auto_wait": False, "remote_cursor": True, "language": None, "keyboard_mode": "physical"}
        assert kim.api("PUT", "/me/settings", form).status == 200
    agent.send({"type": "end_session", "reason": "customer"})
    assert [s["state"] for s in kim.api("GET", "/sessions").json["items"]] == ["WRAPUP"]


def test_control_needs_an_agent_that_is_there(world: World) -> None:
    kim, agent, *_ = _controlled(world)
    agent.drop()
    (session,) = kim.api("GET", "/sessions").json["items"]
    answer = kim.api("POST", f"/sessions/{session['id']}/control", {})
    assert (answer.status, answer.code) == (409, "AGENT_OFFLINE")


def test_a_stopping_server_tells_all_sockets(make_world: Any) -> None:
    world = make_world()
    _, agent, console_end, _ = _controlled(world)
    live = world.console(world.logged_in("lee"))
    world.support.stop()
    assert (live.of_type("bye")[0]["code"], console_end.close_code, agent.close_code) == ("SERVER_STOPPING", 4006, 4010)


def test_a_flood_on_the_control_plane_closes_with_4002(world: World) -> None:
    """Each message there may cost a transaction, whoever has a good ticket."""
    console = world.console(world.logged_in("kim"))
    frame = client_frame(TEXT, b'{"type":"active"}')
    console.send_raw(frame * (sockets.LIVE_MESSAGE_BURST - 1))
    assert console.close_code is None
    console.send_raw(frame)
    assert console.close_code == 4002
