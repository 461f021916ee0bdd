"""Several operators in one session, over the appliance's own routes and sockets: who may look, who controls, whose it is
(RC-HANDOVER)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes import Answer, Browser, SocketClient
from world import World

from wizhelper.records.model import SessionParticipant, SupportSession

HOST = {"host_name": "PC-7", "user_name": "hong", "os": "linux", "os_version": "12"}


@dataclass
class Scene:
    """kim has a live session; lee is logged in and waits on a number of his own. Both have a console open."""

    world: World
    ends: dict[str, SocketClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        world.set_company(consent_enabled=False)
        self.kim, self.lee = world.logged_in("kim"), world.logged_in("lee")
        number = self.kim.api("POST", "/sessions", {}).json["number"]
        joined = world.browser().api("POST", "/join", {"number": number, "host": HOST}).json
        self.session: str = joined["session"]
        self.agent = world.socket("/ws/agent")
        self.agent.send({"type": "auth", "session": self.session, "secret": joined["secret"], "version": "1"})
        self.lives = {"kim": world.console(self.kim), "lee": world.console(self.lee)}
        self.nums = {name: world.account(name) for name in ("kim", "lee", "boss")}
        self.lee.api("POST", "/sessions", {})

    def call(self, who: str, what: str, body: dict[str, Any] | None = None) -> Answer:
        browser: Browser = getattr(self, who)
        return browser.api("POST", f"/sessions/{self.session}/{what}", body or {})

    def ask(self, kind: str, who: str = "kim", to: str = "lee", stay: bool = True) -> Answer:
        return self.call(who, "ask", {"kind": kind, "to": self.nums[to], "stay": stay})

    def answer(self, offer: Answer, accepted: bool = True, who: str = "lee") -> Answer:
        browser: Browser = getattr(self, who)
        return browser.api("POST", f"/offers/{offer.json['id']}/answer", {"accepted": accepted})

    def agreed(self, kind: str, **how: Any) -> None:
        offer = self.ask(kind, **how)
        assert offer.status == 201, offer.text
        assert self.answer(offer).status == 200

    def view(self, who: str, window: int = 1) -> SocketClient:
        """A paired view -> the console's end."""
        grant = self.call(who, "control", {"window": window})
        assert grant.status == 200, grant.text
        end, agent = self.world.socket("/ws/relay", origin=self.world.origin), self.world.socket("/ws/relay")
        end.send({"type": "join", "ticket": grant.json["ticket"]})
        agent.send({"type": "join", "ticket": self.agent.of_type("viewer")[-1]["ticket"]})
        assert end.of_type("paired")
        return end

    @property
    def roles(self) -> list[str]:
        return [viewer["role"] for viewer in self.agent.of_type("roles")[-1]["viewers"]]

    @property
    def row(self) -> SupportSession:
        return self.world.db.look(lambda db: db.get_one(SupportSession, self.session))

    def people(self, who: str = "kim") -> list[tuple[str, str, bool]]:
        """Those who take part now."""
        seen = next(s for s in self.listed(who) if s["id"] == self.session)
        return [(p["display_name"], p["role"], p["controls"]) for p in seen["people"] if p["until"] is None]

    def listed(self, who: str) -> list[dict[str, Any]]:
        browser: Browser = getattr(self, who)
        items: list[dict[str, Any]] = browser.api("GET", "/sessions").json["items"]
        return items

    def types(self) -> list[str]:
        record = self.world.logged_in("boss").api("GET", f"/records/{self.session}").json
        assert record["chain_ok"]
        return [event["type"] for event in record["events"]]


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


# --- watching ---------------------------------------------------------------------------------------------------------


def test_a_colleague_who_was_not_invited_sees_nothing(scene: Scene) -> None:
    assert (scene.call("lee", "control").status, scene.call("lee", "control").code) == (404, "NOT_FOUND")
    assert scene.lee.api("GET", f"/sessions/{scene.session}/whispers").code == "NOT_FOUND"


def test_an_invited_colleague_gets_a_view_of_his_own_as_a_watcher(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("watch")
    assert scene.lives["lee"].of_type("offer")[0]["offer"]["kind"] == "watch"
    scene.view("lee")
    first, second = scene.agent.of_type("viewer")
    assert (first["role"], second["role"]) == ("controller", "watcher")
    assert second["operator"] == "Lee alpha" and first["sid"] != second["sid"]
    assert scene.people() == [("Kim alpha", "owner", True), ("Lee alpha", "observer", False)]
    assert [s["id"] for s in scene.listed("lee") if s["id"] == scene.session]
    assert scene.types()[-3:] == ["watch_asked", "viewer_joined", "view_opened"]


def test_a_watcher_who_comes_and_goes_changes_nothing_for_the_session(scene: Scene) -> None:
    kim = scene.view("kim")
    scene.agreed("watch")
    scene.view("lee").drop()
    assert scene.row.state == "ACTIVE" and kim.close_code is None
    scene.view("lee")
    kim.drop()
    assert (scene.row.state, scene.row.suspended_reason) == ("SUSPENDED", "operator_gone")
    scene.view("kim")
    assert scene.row.state == "ACTIVE"


def test_a_watcher_cannot_end_invite_hand_over_or_take(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("watch")
    assert scene.call("lee", "end").code == "NOT_FOUND"
    assert scene.ask("watch", who="lee", to="kim").code == "FORBIDDEN"
    assert scene.ask("handover", who="lee", to="kim").code == "FORBIDDEN"
    assert scene.call("lee", "give", {"account": scene.nums["lee"]}).code == "FORBIDDEN"
    assert scene.call("lee", "take").code == "FORBIDDEN"
    assert scene.call("lee", "remove", {"account": scene.nums["lee"]}).code == "FORBIDDEN"


def test_a_watcher_leaves_and_is_let_in_no_more(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("watch")
    view = scene.view("lee")
    assert scene.call("lee", "leave").status == 204
    assert view.close_code == 4003 and scene.roles == ["controller"]
    assert scene.lives["lee"].of_type("session_gone") == [{"type": "session_gone", "id": scene.session, "why": "left"}]
    assert scene.call("lee", "control").code == "NOT_FOUND"


def test_the_owner_removes_a_watcher(scene: Scene) -> None:
    scene.agreed("watch")
    view = scene.view("lee")
    assert scene.call("kim", "remove", {"account": scene.nums["lee"]}).status == 200
    assert view.close_code == 4003 and scene.types()[-1] == "viewer_removed"


def test_whom_the_customer_sent_away_stays_away(scene: Scene) -> None:
    kim = scene.view("kim")
    scene.agreed("watch")
    view = scene.view("lee")
    scene.agent.send({"type": "dismiss", "person": str(scene.nums["lee"])})
    assert view.close_code == 4003 and kim.close_code is None
    assert scene.types()[-1] == "viewer_dismissed"
    assert scene.ask("watch").code == "SENT_AWAY"
    assert scene.ask("handover").code == "SENT_AWAY"


@pytest.mark.parametrize("person", ["", "x", "999999", "-1", "١", "1" * 500])
def test_a_customer_who_sends_nobody_away_changes_nothing(scene: Scene, person: str) -> None:
    scene.agreed("watch")
    scene.agent.send({"type": "dismiss", "person": person})
    assert len(scene.people()) == 2 and scene.agent.close_code is None


def test_four_views_are_the_most_and_a_window_takes_its_own_place_again(scene: Scene) -> None:
    for window in (1, 2, 3, 4):
        scene.view("kim", window)
    scene.agreed("watch")
    assert scene.call("lee", "control").code == "VIEWER_LIMIT"
    scene.view("kim", 3)
    assert scene.call("kim", "control", {"window": 5}).code == "VIEWER_LIMIT"


def test_of_two_windows_either_keeps_the_session_going(scene: Scene) -> None:
    """RC-MON: a window per monitor."""
    first, second = scene.view("kim"), scene.view("kim", 2)
    assert [v["role"] for v in scene.agent.of_type("viewer")] == ["controller", "controller"]
    first.drop()
    assert scene.row.state == "ACTIVE"
    second.drop()
    assert scene.row.suspended_reason == "operator_gone"


# --- asking -----------------------------------------------------------------------------------------------------------


def test_silence_for_half_a_minute_is_a_no(scene: Scene) -> None:
    scene.view("kim")
    offer = scene.ask("handover")
    scene.world.advance(31)
    assert scene.answer(offer).code == "OFFER_OVER"
    assert scene.row.owner_id == scene.nums["kim"] and scene.types()[-1] == "handover_expired"
    assert scene.lives["kim"].of_type("offer")[-1]["offer"]["state"] == "expired"
    assert scene.ask("handover").status == 201


def test_a_refusal_leaves_the_owner(scene: Scene) -> None:
    scene.view("kim")
    assert scene.answer(scene.ask("handover"), accepted=False).json["state"] == "refused"
    assert scene.row.owner_id == scene.nums["kim"] and scene.types()[-1] == "handover_refused"


def test_a_request_is_answered_once_and_by_the_one_who_was_asked(scene: Scene) -> None:
    offer = scene.ask("watch")
    assert scene.answer(offer, who="kim").code == "NOT_FOUND"
    assert scene.answer(offer).status == 200
    assert scene.answer(offer).code == "OFFER_OVER"


def test_a_request_that_was_taken_back_cannot_be_accepted(scene: Scene) -> None:
    offer = scene.ask("watch")
    assert [o["id"] for o in scene.lee.api("GET", "/offers").json["items"]] == [offer.json["id"]]
    assert scene.lee.api("POST", f"/offers/{offer.json['id']}/withdraw", {}).code == "NOT_FOUND"
    assert scene.kim.api("POST", f"/offers/{offer.json['id']}/withdraw", {}).json["state"] == "withdrawn"
    assert scene.answer(offer).code == "OFFER_OVER"
    assert scene.lee.api("GET", "/offers").json["items"] == []


def test_the_same_is_not_asked_twice_at_once(scene: Scene) -> None:
    assert scene.ask("watch").status == 201
    assert scene.ask("watch").code == "OFFER_OPEN"


def test_nobody_is_asked_who_is_away_or_no_operator_or_oneself(scene: Scene) -> None:
    assert scene.ask("watch", to="boss").code == "NOT_FOUND"
    assert scene.ask("watch", to="kim").code == "INVALID_FIELDS"
    scene.lives["lee"].drop()
    assert scene.ask("watch").code == "OPERATOR_AWAY"


def test_nobody_of_another_company_is_asked_or_listed(scene: Scene) -> None:
    foreign = scene.world.logged_in("lee", "beta")
    scene.world.console(foreign)
    body = {"kind": "watch", "to": scene.world.account("lee", "beta")}
    assert scene.call("kim", "ask", body).code == "NOT_FOUND"
    found = scene.kim.api("GET", f"/sessions/{scene.session}/colleagues").json
    assert [(c["display_name"], c["waiting"]) for c in found["items"]] == [("Lee alpha", True)]
    assert scene.kim.api("GET", f"/sessions/{scene.session}/colleagues?q=zzz").json["total"] == 0


def test_a_session_is_handed_over_to_somebody_who_waits_only(scene: Scene) -> None:
    (waiting,) = scene.listed("lee")
    scene.lee.api("POST", f"/sessions/{waiting['id']}/cancel", {})
    assert scene.ask("handover").code == "OPERATOR_NOT_WAITING"
    assert scene.ask("watch").status == 201


def test_a_full_colleague_takes_nothing_over(scene: Scene) -> None:
    offer = scene.ask("handover")
    for _ in range(5):
        scene.lee.api("POST", "/sessions", {})
    assert scene.ask("watch").status == 201
    assert scene.answer(offer).code == "SESSION_LIMIT"
    assert scene.row.owner_id == scene.nums["kim"]


def test_an_ended_session_is_not_shared(scene: Scene) -> None:
    offer = scene.ask("watch")
    scene.call("kim", "end")
    assert scene.answer(offer).code == "OFFER_OVER"
    assert scene.ask("watch").code == "SESSION_STATE"


# --- control ----------------------------------------------------------------------------------------------------------


def test_the_owner_lends_the_control_and_takes_it_back(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("watch")
    scene.view("lee")
    assert scene.call("kim", "give", {"account": scene.nums["lee"]}).status == 200
    assert scene.roles == ["watcher", "controller"]
    assert scene.people("lee") == [("Kim alpha", "owner", False), ("Lee alpha", "observer", True)]
    assert scene.call("kim", "take").status == 200
    assert scene.roles == ["controller", "watcher"]
    assert scene.types()[-2:] == ["control_given", "control_taken"]


def test_a_watcher_asks_for_the_control_and_the_owner_says_yes(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("watch")
    scene.view("lee")
    offer = scene.call("lee", "ask", {"kind": "control"})
    assert offer.json["to"]["num"] == scene.nums["kim"]
    assert scene.answer(offer, who="kim").status == 200
    assert scene.roles == ["watcher", "controller"]


def test_a_stranger_cannot_ask_for_the_control(scene: Scene) -> None:
    assert scene.call("lee", "ask", {"kind": "control"}).code == "NOT_FOUND"
    assert scene.call("kim", "give", {"account": scene.nums["lee"]}).code == "NOT_WATCHING"


def test_the_control_comes_back_when_its_borrower_leaves(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("watch")
    scene.call("kim", "give", {"account": scene.nums["lee"]})
    scene.call("lee", "leave")
    assert scene.roles == ["controller"] and scene.row.controller_id is None


# --- handing over -----------------------------------------------------------------------------------------------------


def test_a_hand_over_makes_the_session_the_others_and_the_first_may_stay(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("handover")
    assert scene.row.owner_id == scene.nums["lee"] and scene.row.state == "ACTIVE"
    assert scene.roles == ["watcher"]
    scene.view("lee")
    assert scene.agent.of_type("viewer")[-1]["role"] == "controller"
    assert scene.people("lee") == [("Lee alpha", "owner", True), ("Kim alpha", "former_owner", False)]
    assert scene.call("kim", "end").code == "NOT_FOUND"
    assert scene.call("lee", "end").status == 200
    assert "handed_over" in scene.types()


def test_a_hand_over_of_somebody_who_goes_closes_his_view_and_keeps_his_part_in_the_record(scene: Scene) -> None:
    view = scene.view("kim")
    scene.agreed("handover", stay=False)
    assert view.close_code == 4003
    assert scene.lives["kim"].of_type("session_gone")
    assert scene.session not in [s["id"] for s in scene.listed("kim")]
    assert scene.call("kim", "control").code == "NOT_FOUND"
    (part,) = scene.world.db.look(lambda db: list(db.query(SessionParticipant)))
    assert (part.role, part.account_id) == ("former_owner", scene.nums["kim"]) and part.to_at is not None


def test_the_session_counts_for_its_last_owner(scene: Scene) -> None:
    """Statistics and records go by the final owner."""
    scene.view("kim")
    scene.agreed("handover")
    assert scene.lee.api("GET", f"/records/{scene.session}").status == 200
    assert scene.kim.api("GET", f"/records/{scene.session}").code == "NOT_FOUND"
    assert scene.lives["kim"].of_type("counts")[-1]["counts"]["now"]["active"] == 0
    assert scene.lives["lee"].of_type("counts")[-1]["counts"]["now"]["active"] == 1


def test_the_new_owners_view_is_the_one_that_the_session_waits_for(scene: Scene) -> None:
    kim = scene.view("kim")
    scene.agreed("handover")
    lee = scene.view("lee")
    kim.drop()
    assert scene.row.state == "ACTIVE"
    lee.drop()
    assert scene.row.suspended_reason == "operator_gone"


def test_a_session_that_was_handed_over_can_be_handed_back(scene: Scene) -> None:
    scene.view("kim")
    scene.kim.api("POST", "/sessions", {})
    scene.agreed("handover")
    offer = scene.ask("handover", who="lee", to="kim")
    assert scene.answer(offer, who="kim").status == 200
    assert scene.people() == [("Kim alpha", "owner", True), ("Lee alpha", "former_owner", False)]


def test_who_asked_for_control_does_not_get_it_from_a_former_owner(scene: Scene) -> None:
    """The session was handed over while the question was open."""
    scene.view("kim")
    scene.agreed("watch")
    asked = scene.ask("control", who="lee", to="kim")
    scene.agreed("handover")
    assert scene.answer(asked, who="kim").code == "OFFER_OVER"
    assert scene.row.controller_id is None


def test_a_view_that_opens_is_followed_by_who_may_do_what_now(scene: Scene) -> None:
    """Its own role was read before its seat was taken; a change in between would otherwise never reach the PC."""
    scene.view("kim")
    scene.agreed("watch")
    scene.call("lee", "control")
    assert [m["type"] for m in scene.agent.messages][-2:] == ["viewer", "roles"]
    assert scene.roles == ["controller", "watcher"]


def test_everybody_is_told_the_end_and_nobody_takes_part_after_it(scene: Scene) -> None:
    scene.view("kim")
    scene.agreed("watch")
    view = scene.view("lee")
    scene.call("kim", "end")
    assert view.close_code == 4003
    assert scene.lives["lee"].of_type("session")[-1]["session"]["state"] == "WRAPUP"
    assert scene.call("lee", "control").code == "NOT_FOUND"


# --- among operators --------------------------------------------------------------------------------------------------


def test_words_among_operators_reach_operators_and_never_the_customers_pc_or_the_record(scene: Scene) -> None:
    scene.agreed("watch")
    before, events = len(scene.agent.messages), scene.types()
    assert scene.call("kim", "whispers", {"text": "  he has two accounts "}).status == 201
    (heard,) = scene.lives["lee"].of_type("whisper")
    assert heard["whisper"]["text"] == "he has two accounts"
    assert len(scene.agent.messages) == before and scene.types() == events
    kept = scene.lee.api("GET", f"/sessions/{scene.session}/whispers").json["items"]
    assert [line["sender"]["display_name"] for line in kept] == ["Kim alpha"]


def test_words_are_bounded(scene: Scene) -> None:
    assert scene.call("lee", "whispers", {"text": "hello"}).code == "NOT_FOUND"
    assert scene.call("kim", "whispers", {"text": " "}).code == "INVALID_FIELDS"
    assert scene.call("kim", "whispers", {"text": "x" * 1001}).code == "INVALID_FIELDS"
    codes = [scene.call("kim", "whispers", {"text": "x"}).code for _ in range(21)]
    assert codes[-1] == "TOO_MANY_TRIES"
