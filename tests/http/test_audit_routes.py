"""The audit page's routes, and that every route that changes something leaves a line (ADM-ROLE-ADM)."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fakes import random_id
from sqlalchemy import delete, func, select, update
from test_matrix import PEOPLE, Scene, _name, _rows
from world import PASSWORD, World

from wizhelper.devices import rules
from wizhelper.devices.model import Device, DeviceEventKind, Status
from wizhelper.http.api import Route
from wizhelper.records import events
from wizhelper.store.audit import AuditLine

#: Routes that change nothing worth a line, with the reason.
SILENT = {
    "POST /login": "login records hold it",
    "POST /logout": "login records hold it",
    "PUT /me/settings": "the own display settings only",
    "POST /me/totp/begin": "nothing holds before it is confirmed",
    "POST /live-tickets": "a ticket of seconds for the own live socket",
    "POST /sms/preview": "shows a text, changes nothing",
    "POST /sms/templates/preview": "shows a text, changes nothing",
    "PUT /recordings/<uuid:id>/chunks/<int:num>": "the head of the chain of all chunks is a line at the end",
    "POST /sessions/<uuid:id>/chat": "a copy of what was said, which the record shows",
    "POST /sessions/<uuid:id>/whispers": "words among operators, which are not kept",
    "POST /devices/enrol/groups": "a look at the groups that a PC is offered",
    "POST /accounts/import": "each account it adds is a line of its own",
}
#: Acts inside a session: each is an event of the session, and every event is a line (records/events.py; the last test).
EVENTS = {
    *("POST /join", "POST /join/pick", "POST /join/token", "POST /join/<uuid:id>/consent", "POST /join/<uuid:id>/report"),
    *("POST /sessions/<uuid:id>/cancel", "POST /sessions/<uuid:id>/control", "POST /sessions/<uuid:id>/end"),
    *("POST /sessions/<uuid:id>/wrapup", "POST /sessions/<uuid:id>/cut", "POST /records/<uuid:id>/correct"),
    *("POST /devices/<uuid:id>/connect", "POST /sms/messages", "POST /join/resume"),
    *("PUT /sessions/<uuid:id>/intake",),
    *(f"POST /sessions/<uuid:id>/{what}" for what in ("ask", "give", "take", "leave", "remove")),
    *("POST /offers/<int:id>/answer", "POST /offers/<int:id>/withdraw"),
}
#: Seen in tests/recordings/test_recording_routes.py: a session has to run and a right has to be given first.
RECORDINGS = {
    *("POST /recordings", "POST /recordings/<uuid:id>/finish", "DELETE /recordings/<uuid:id>"),
    *("POST /recordings/<uuid:id>/abandon", "POST /recordings/<uuid:id>/open", "PUT /recordings/<uuid:id>/hold"),
}
#: Routes that the example and the rows of the matrix do not reach: seen by the named test of this file.
PREPARED = {
    *("POST /me/password", "POST /me/totp/confirm", "POST /me/totp/disable", "POST /accounts"),
    *("PATCH /teams/<int:team>", "PUT /favourites/<int:id>", "DELETE /favourites/<int:id>", "POST /devices/enrol"),
    *("POST /devices/<uuid:id>/approve", "POST /devices/<uuid:id>/reject", "PATCH /devices/<uuid:id>"),
    *("PUT /devices/<uuid:id>/place", "DELETE /devices/<uuid:id>", "POST /device-groups"),
    *("PUT /device-groups/<int:num>", "DELETE /device-groups/<int:num>", "DELETE /enrolment-tokens/<int:num>"),
    *("PUT /device-groups/<int:num>/teams", "POST /devices/move", "POST /device-jobs"),
    *("PUT /device-groups/<int:num>/access", "PUT /devices/<uuid:id>/access", "POST /devices/<uuid:id>/visits"),
    *("POST /device-visits/<uuid:id>/approve", "POST /device-visits/<uuid:id>/refuse"),
    *("PUT /sms/templates/<int:id>", "PUT /sms/gateway-order", "POST /sms/gateways/<int:id>/test"),
}


def newest(world: World) -> AuditLine:
    found = world.db.look(lambda s: s.scalar(select(AuditLine).order_by(AuditLine.seq.desc()).limit(1)))
    assert found is not None
    return found


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world, _rows(world, "alpha", "ours"), _rows(world, "beta", "theirs"))


def lines(world: World) -> int:
    return world.db.look(lambda s: s.scalar(select(func.count()).select_from(AuditLine))) or 0


def changing(scene: Scene) -> list[Route]:
    return [r for r in scene.routes if r.method != "GET"]


def test_the_lists_name_routes_that_exist(scene: Scene) -> None:
    assert set(SILENT) | EVENTS | PREPARED | RECORDINGS <= {_name(r) for r in changing(scene)}


def test_every_route_that_changes_something_writes_a_line_or_is_on_a_list_with_the_reason(scene: Scene) -> None:
    for route in changing(scene):
        name = next((n for n, role in PEOPLE.items() if role in route.roles), None)
        browser = scene.world.logged_in(name) if name else scene.world.browser()
        before = lines(scene.world)
        answer = scene.call(browser, route, scene.alpha)
        written = lines(scene.world) - before
        if answer.status >= 400:
            assert written == 0, _name(route)
            assert _name(route) in {*SILENT, *EVENTS, *PREPARED, *RECORDINGS}, _name(route)
        elif _name(route) not in SILENT:
            assert written == 1, _name(route)


def act(world: World, method: str, path: str, body: Any, action: str, login: str = "boss") -> Any:
    """The call succeeds, and the newest line is its `action` by its caller. -> the answer."""
    browser = world.logged_in(login)
    answer = browser.api(method, path, body)
    assert answer.status < 300, (path, answer.text)
    line = newest(world)
    assert (line.action, line.actor) == (action, f"account:{world.account(login)}"), path
    return answer.json if answer.status != 204 else None


def test_acts_on_accounts_are_lines(world: World) -> None:
    form = {"id": "new", "display_name": "새 사람", "role": "operator", "password": None, "allowed_addresses": []}
    act(world, "POST", "/accounts", {**form, "team": None}, "account.added")
    team = act(world, "POST", "/teams", {"name": "Busan"}, "team.added")["id"]
    act(world, "PATCH", f"/teams/{team}", {"name": "Pusan"}, "team.renamed")
    act(world, "POST", "/me/password", {"current": PASSWORD, "new": "an0ther-long-Secret"}, "account.password_set")


def test_two_step_login_set_up_and_removed_are_lines_without_the_secret(world: World) -> None:
    secret = world.logged_in("boss").api("POST", "/me/totp/begin", {"password": PASSWORD}).json["secret"]
    code = pyotp.TOTP(secret).at(world.time.now())
    act(world, "POST", "/me/totp/confirm", {"code": code}, "account.totp_set")
    browser = world.logged_in("kim")
    kim = browser.api("POST", "/me/totp/begin", {"password": PASSWORD}).json["secret"]
    browser.api("POST", "/me/totp/confirm", {"code": pyotp.TOTP(kim).at(world.time.now())})
    world.advance(60)
    form = {"password": PASSWORD, "code": pyotp.TOTP(kim).at(world.time.now())}
    assert browser.api("POST", "/me/totp/disable", form).status == 204
    assert newest(world).action == "account.totp_removed"
    everything = world.db.look(lambda s: " ".join(s.scalars(select(AuditLine.body))))
    assert secret not in everything and kim not in everything


def test_favourites_and_text_messages_are_lines(world: World) -> None:
    form = {"kind": "url", "title": "one", "value": "https://example.com/", "shell": ""}
    own = act(world, "POST", "/favourites", form, "favourite.added", "kim")["id"]
    act(world, "PUT", f"/favourites/{own}", {**form, "title": "two"}, "favourite.changed", "kim")
    act(world, "DELETE", f"/favourites/{own}", None, "favourite.removed", "kim")
    template = {"name": "t", "subject": "", "body": "{link}", "active": True}
    made = act(world, "POST", "/sms/templates", template, "sms.template_added")["id"]
    act(world, "PUT", f"/sms/templates/{made}", {**template, "name": "u"}, "sms.template_changed")


def test_acts_on_gateways_are_lines(scene: Scene) -> None:
    world, gateway = scene.world, scene.alpha.numbers["sms/gateways"]
    act(world, "PUT", "/sms/gateway-order", {"order": [gateway]}, "sms.gateways_ordered")
    form = {"to": "010-1234-5678", "request": random_id()}
    act(world, "POST", f"/sms/gateways/{gateway}/test", form, "sms.gateway_tested")
    assert "1234" not in newest(world).body


def test_acts_on_device_groups_and_tokens_are_lines(world: World) -> None:
    form = {"name": "Shop", "parent_id": None, "approval": None, "answer_s": None}
    num = act(world, "POST", "/device-groups", form, "device_group.added")["id"]
    act(world, "PUT", f"/device-groups/{num}", {**form, "name": "Shops"}, "device_group.changed")
    act(world, "DELETE", f"/device-groups/{num}", None, "device_group.removed")
    made = act(world, "POST", "/enrolment-tokens", {"label": "x", "uses": 3, "hours": 1}, "enrolment_token.added")
    assert made["secret"] not in newest(world).body
    token = made["token"]["id"]
    act(world, "DELETE", f"/enrolment-tokens/{token}", None, "enrolment_token.removed")


def device(world: World, status: Status) -> str:
    row = Device(id=random_id(), company_id=1, name="PC", status=status, key="0" * 64, registered_at=world.time.now())
    world.db.transact(lambda s: s.add(row))
    return row.id


def test_acts_on_devices_are_lines_and_their_coming_and_going_is_not(world: World) -> None:
    one, other = device(world, Status.PENDING), device(world, Status.PENDING)
    act(world, "POST", f"/devices/{one}/approve", {}, "device.approved")
    act(world, "POST", f"/devices/{other}/reject", {}, "device.rejected")
    act(world, "PATCH", f"/devices/{one}", {"name": "Till 3"}, "device.changed")
    assert "Till 3" in newest(world).body
    act(world, "PUT", f"/devices/{one}/place", {"group_id": None, "approval": "always", "answer_s": 30}, "device.changed")
    before = lines(world)
    world.db.transact(lambda s: rules.note(s, world.time.now(), s.get_one(Device, one), DeviceEventKind.ONLINE, "device"))
    assert lines(world) == before
    act(world, "DELETE", f"/devices/{one}", None, "device.removed")


def test_an_event_of_a_session_is_a_line(scene: Scene) -> None:
    before = lines(scene.world)
    note = lambda s: events.append(s, scene.alpha.session, scene.world.time.now(), "customer", "consented", {})  # noqa: E731
    scene.world.db.transact(note)
    assert lines(scene.world) == before + 1 and newest(scene.world).action == "session.consented"


# --- the page ---------------------------------------------------------------------------------------------------------


def test_lines_are_searched_by_time_person_act_and_object(world: World) -> None:
    act(world, "POST", "/teams", {"name": "Busan"}, "team.added")
    world.advance(minutes=26 * 60)
    act(world, "POST", "/teams", {"name": "Daegu"}, "team.added")
    act(world, "DELETE", f"/teams/{json.loads(newest(world).body)[5]['team']}", None, "team.removed")
    browser = world.logged_in("audit")

    def found(query: str) -> list[str]:
        return [line["data"]["name"] for line in browser.api("GET", f"/audit?{query}").json["items"]]

    assert found("") == ["Daegu", "Daegu", "Busan"]
    assert found("sort=seq") == ["Busan", "Daegu", "Daegu"]
    assert found("action=team.added") == ["Daegu", "Busan"] and found("action=team") == found("")
    assert found("q=busan") == ["Busan"] and found("q=%25") == []
    assert found("actor=boss") == found("") and found("actor=kim") == []
    assert found(f"actor=account:{world.account('boss')}&page=2&size=2") == ["Busan"]
    assert found("from=2026-03-03") == ["Daegu", "Daegu"] or found("from=2026-03-02") == ["Daegu", "Daegu"]
    assert browser.api("GET", "/audit/actions").json["items"] == ["team.added", "team.removed"]
    line = browser.api("GET", "/audit").json["items"][0]
    assert line["actor_name"] == "Boss alpha" and len(line["hash"]) == 64


@pytest.mark.parametrize("query", ["from=x", "to=1800-01-01", "page=0", "size=9999"])
def test_nonsense_in_a_search_is_refused(still_world: World, query: str) -> None:
    assert still_world.logged_in("audit").api("GET", f"/audit?{query}").code == "INVALID_FIELDS"


def test_an_export_is_a_file_without_formulas_and_itself_a_line(world: World) -> None:
    act(world, "POST", "/teams", {"name": "=cmd()"}, "team.added")
    answer = world.logged_in("audit").api("GET", "/audit/export?action=team.added")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 2 and rows[1][4] == "team.added" and not any(c.startswith("=") for c in rows[1])
    assert newest(world).action == "audit.exported"
    assert json.loads(newest(world).body)[5] == {"lines": 1, "action": "team.added"}


@pytest.mark.parametrize("login", ["kim", "chief"])
def test_operators_and_group_administrators_do_not_read_it(still_world: World, login: str) -> None:
    browser = still_world.logged_in(login)
    assert browser.api("GET", "/audit").status == browser.api("POST", "/audit/verify", {}).status == 403


def test_verification_names_the_line_and_the_reason(world: World) -> None:
    act(world, "POST", "/teams", {"name": "Busan"}, "team.added")
    browser = world.logged_in("audit")
    assert browser.api("POST", "/audit/verify", {}).json == {
        "ok": True, "line": 1, "reason": None,
        "head": f"1:{world.db.look(lambda s: s.get_one(AuditLine, 1)).hash}",
    }
    world.db.transact(lambda s: s.execute(update(AuditLine).where(AuditLine.seq == 1).values(actor="account:9")))
    found = browser.api("POST", "/audit/verify", {}).json
    assert found == {"ok": False, "line": 1, "head": "", "reason": "changed"}
    world.db.transact(lambda s: s.execute(delete(AuditLine).where(AuditLine.seq == 1)))
    assert browser.api("POST", "/audit/verify", {}).json["reason"] == "missing"


def test_a_line_whose_text_was_broken_is_still_shown(world: World) -> None:
    act(world, "POST", "/teams", {"name": "Busan"}, "team.added")
    world.db.transact(lambda s: s.execute(update(AuditLine).values(body="no json")))
    assert world.logged_in("audit").api("GET", "/audit").json["items"][0]["data"] == "no json"


def test_every_act_has_a_word_in_both_languages() -> None:
    root = Path(__file__).parents[2]
    code = "".join(file.read_text() for file in (root / "wizhelper").rglob("*.py"))
    families = "account|team|company|notice|favourite|fault_type|abuse_report|sms|device_group|device_settings|retention"
    families += "|device_visit|device_job"
    named = set(re.findall(rf'"((?:{families}|enrolment_token|audit|consent_text)\.[a-z_]+)"', code)) - {"audit.json"}
    kinds = set(DeviceEventKind) - {DeviceEventKind.ONLINE, DeviceEventKind.OFFLINE}
    assert len(named) > 30
    for language in ("ko", "en"):
        words = (root / "web/src/shared/i18n" / f"audit-{language}.ts").read_text()
        known = set(re.findall(r"^  (\w+): ", words, re.M))
        assert {n.replace(".", "_") for n in named} | {f"device_{kind.value}" for kind in kinds} <= known
