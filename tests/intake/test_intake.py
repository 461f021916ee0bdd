"""The intake form: defined by the company, filled in beside the consent, seen and corrected by the operator (ADM-INTAKE, RC-SYS)."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fakes import Answer, Browser
from world import World

from wizhelper.downloads.texts import KO
from wizhelper.intake import rules

FIELDS = [
    {"label": "이름", "kind": "text", "choices": [], "required": True},
    {"label": "증상", "kind": "lines", "choices": [], "required": False},
    {"label": "종류", "kind": "choice", "choices": ["인터넷", "프린터"], "required": True},
]


class Case:
    """A customer who has typed the number of kim's session."""

    def __init__(self, world: World, fields: list[dict[str, Any]] | None = None) -> None:
        self.world = world
        answer = world.logged_in("boss").api("PUT", "/intake-fields", {"fields": FIELDS if fields is None else fields})
        assert answer.status == 200, answer.text
        self.kim = world.logged_in("kim")
        created = self.kim.api("POST", "/sessions", {}).json
        self.id = created["id"]
        self.customer: Browser = world.browser()
        self.customer.form("/", {"number": created["number"]})
        self.page = self.customer.get("/join").text
        self.names = dict(re.findall(r'<label for="(intake-\d+)">([^<]*?)(?: <span|</label>)', self.page))

    def send(self, values: dict[str, str], **more: str) -> Answer:
        by_label = {label.strip(): name for name, label in self.names.items()}
        found = re.search(r'name="text" value="(\d+)"', self.page)
        assert found
        form = {"text": found[1], "decision": "agree", "read": "yes", **more}
        return self.customer.form("/join/consent", form | {by_label[label]: value for label, value in values.items()})

    def session(self) -> dict[str, Any]:
        found: dict[str, Any] = self.kim.api("GET", f"/records/{self.id}").json
        return found


def test_what_a_customer_tells_stands_in_the_session_and_its_record(world: World) -> None:
    case = Case(world)
    assert case.send({"이름": " 홍길동 ", "증상": "느려요\n자주", "종류": "프린터"}).status == 303
    told = [("이름", "홍길동"), ("증상", "느려요\n자주"), ("종류", "프린터")]
    record = case.session()
    assert [(a["label"], a["value"]) for a in record["session"]["intake"]] == told
    kept = [event for event in record["events"] if event["type"] == "intake_kept"]
    assert [(event["actor"], event["data"]) for event in kept] == [("customer", {"answers": 3})]
    assert "홍길동" not in str(record["events"]) and record["chain_ok"]


@pytest.mark.parametrize(
    ("values", "more"),
    [
        ({"이름": "홍길동", "증상": "<b>느려요</b>"}, {}),
        ({"이름": "홍길동", "증상": "<b>느려요</b>", "종류": "스캐너"}, {}),
        ({"이름": "홍길동", "증상": "<b>느려요</b>", "종류": "프린터"}, {"read": ""}),
    ],
    ids=["required", "a choice that is none", "not ticked"],
)
def test_what_is_missing_is_said_and_nothing_that_was_typed_is_lost(
    world: World, values: dict[str, str], more: dict[str, str]
) -> None:
    case = Case(world)
    answer = case.send(values, **more)
    text = html.unescape(answer.text)
    assert (
        answer.status == 200
        and (KO["field_missing"] in text) is (not more)
        and (KO["tick_first"] in text) is bool(more)
    )
    assert 'value="홍길동"' in text and "<b>느려요</b></textarea>" in text and "<b>느려요" not in answer.text
    assert case.session()["session"]["state"] == "JOINING" and case.session()["session"]["intake"] == []


def test_who_refuses_is_asked_nothing_and_leaves_nothing(world: World) -> None:
    case = Case(world)
    case.send({"이름": "홍길동"}, decision="refuse", read="")
    record = case.session()
    assert (record["session"]["state"], record["session"]["intake"]) == ("REFUSED", [])


def test_without_fields_nothing_is_asked(world: World) -> None:
    case = Case(world, [])
    assert case.names == {} and case.send({}).status == 303


def test_the_operator_corrects_what_was_told_and_others_may_not(world: World) -> None:
    case = Case(world)
    case.send({"이름": "홍길동", "종류": "프린터"})
    new = {"answers": [{"label": "이름", "value": "홍길순"}, {"label": "증상", "value": ""}]}
    assert case.kim.api("PUT", f"/sessions/{case.id}/intake", new).json["intake"] == [
        {"label": "이름", "value": "홍길순"}
    ]
    assert case.session()["events"][-1]["type"] == "intake_kept"
    assert world.logged_in("lee").api("PUT", f"/sessions/{case.id}/intake", new).status == 404
    console = world.console(case.kim)
    case.kim.api("PUT", f"/sessions/{case.id}/intake", {"answers": []})
    assert console.of_type("session")[-1]["session"]["intake"] == []


def test_past_answers_keep_the_words_that_were_asked(world: World) -> None:
    case = Case(world)
    case.send({"이름": "홍길동", "종류": "프린터"})
    world.logged_in("boss").api("PUT", "/intake-fields", {"fields": [{**FIELDS[0], "label": "성함"}]})
    assert [a["label"] for a in case.session()["session"]["intake"]] == ["이름", "종류"]
    assert [f["label"] for f in case.kim.api("GET", "/intake-fields").json["fields"]] == ["성함"]
    assert world.logged_in("boss", "beta").api("GET", "/intake-fields").json["fields"] == []


@pytest.mark.parametrize(
    "fields",
    [
        [{**FIELDS[0], "label": ""}],
        [{**FIELDS[0], "label": "x" * 101}],
        [{**FIELDS[0], "kind": "file"}],
        [{**FIELDS[0], "choices": ["a"]}],
        [{**FIELDS[2], "choices": []}],
        [{**FIELDS[2], "choices": ["a", "a"]}],
        [{**FIELDS[2], "choices": [" "]}],
        [{**FIELDS[0], "label": str(number)} for number in range(rules.MAX_FIELDS + 1)],
        [FIELDS[0], FIELDS[0]],
    ],
)
def test_a_form_that_makes_no_sense_is_refused_and_the_old_one_stays(
    world: World, fields: list[dict[str, Any]]
) -> None:
    boss = world.logged_in("boss")
    boss.api("PUT", "/intake-fields", {"fields": FIELDS})
    assert boss.api("PUT", "/intake-fields", {"fields": fields}).code == "INVALID_FIELDS"
    assert boss.api("GET", "/intake-fields").json["fields"] == FIELDS


def test_a_flood_of_text_is_cut(world: World) -> None:
    case = Case(world)
    case.send({"이름": "가" * 50_00, "종류": "프린터"})
    assert len(case.session()["session"]["intake"][0]["value"]) == rules.MAX_VALUE
