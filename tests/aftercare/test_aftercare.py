"""The customer after the session: receipt, survey (ADM-SURVEY), report of abuse and its queue (ADM-SURVEY)."""

from __future__ import annotations

import html
from typing import Any

import pytest
from fakes import Browser
from world import World

from wizhelper.aftercare import rules
from wizhelper.aftercare.receipt import MAX_FACT, clean
from wizhelper.downloads.receipt_words import ACT_WORDS
from wizhelper.downloads.texts import EN, KO
from wizhelper.protocol.channels import ALL_PERMISSIONS
from wizhelper.records.acts import ACTS, OVERFLOW
from wizhelper.records.model import SupportSession
from wizhelper.settings.right_words import RIGHT_WORDS

HOST = {"host_name": "<b>PC</b>\u202e", "user_name": "u", "os": "windows", "os_version": "11"}


class Case:
    """One session that became active, its customer's browser and the page of its receipt."""

    def __init__(self, world: World, *acts: tuple[str, dict[str, str]]) -> None:
        self.world = world
        self.kim = world.logged_in("kim")
        number = self.kim.api("POST", "/sessions", {}).json["number"]
        joined = world.browser().api("POST", "/join", {"number": number, "host": HOST}).json
        self.id, self.secret = joined["session"], joined["secret"]
        consent = {"accepted": True, "text": joined["consent"]["id"], "source": "window"}
        headers = {"Authorization": f"Bearer {self.secret}"}
        world.browser().request("POST", f"/api/v1/join/{self.id}/consent", body=consent, headers=headers)
        self.agent = world.socket("/ws/agent")
        self.agent.send({"type": "auth", "session": self.id, "secret": self.secret, "version": "1"})
        self.path = f"/receipt/{self.agent.of_type('hello')[0]['receipt']}"
        said = [{"name": name, "facts": [{"name": k, "value": v} for k, v in facts.items()]} for name, facts in acts]
        if said:
            self.agent.send({"type": "acts", "acts": said})
        self.customer: Browser = world.browser()

    def end(self) -> Case:
        self.world.advance(90)
        self.agent.send({"type": "end_session", "reason": "customer_ended"})
        return self

    def text(self, language: str = "ko") -> str:
        return html.unescape(self.customer.request("GET", self.path, headers={"Accept-Language": language}).text)

    def answer(self, score: str, comment: str = "") -> Any:
        return self.customer.form(f"{self.path}/survey", {"score": score, "comment": comment})

    def row(self) -> SupportSession:
        found = self.world.db.look(lambda db: db.get(SupportSession, self.id))
        assert found is not None
        return found


def test_the_receipt_says_who_when_how_long_and_what_was_done(world: World) -> None:
    command = ("command_run", {"command": "ipconfig /all", "shell": "cmd"})
    case = Case(world, ("screenshot", {}), command).end()
    text = case.text()
    assert "Company ALPHA" in text and "Kim alpha" in text and "1분 30초" in text
    assert "화면 저장" in text and "명령 실행" in text and "ipconfig /all" in text
    assert "원격 조작" in text and KO["receipt_keep"] in text
    assert "Command run" in case.text("en") and EN["receipt_title"] in case.text("en")
    record = case.kim.api("GET", f"/records/{case.id}").json
    assert len(record["events"]) > 3 and case.row().ended_at is not None


def test_text_of_strangers_stays_text(world: World) -> None:
    """Security entry point E7: the agent's facts and the PC's name are hostile."""
    hostile = "<script>alert(1)</script>\u202egpj.exe\x00" + "x" * 500
    case = Case(world, ("url_opened", {"url": hostile})).end()
    raw = case.customer.get(case.path).text
    assert "<script>alert" not in raw and "<b>PC" not in raw and "\u202e" not in raw and "\x00" not in raw
    assert len(clean("y" * 1000)) == MAX_FACT + 1


def test_every_act_and_every_right_has_its_word() -> None:
    for language in ("ko", "en"):
        assert set(ACT_WORDS[language]) == {*ACTS, OVERFLOW}
        assert set(RIGHT_WORDS[language]) == set(ALL_PERMISSIONS)


@pytest.mark.parametrize("token", ["x", "a" * 5000, "../../etc", "AAAA"])
def test_a_receipt_opens_with_its_own_link_only(world: World, token: str) -> None:
    answer = world.browser().get(f"/receipt/{token}")
    assert answer.status == 404 and "Kim" not in answer.text


def test_a_link_ends_after_a_week_and_with_a_new_entry_of_the_number(world: World) -> None:
    case = Case(world).end()
    world.advance(minutes=7 * 24 * 60 + 1)
    assert "RECEIPT_OVER" in case.text()


def test_the_page_leads_to_the_receipt_once_the_session_is_over(world: World) -> None:
    """The customer of the web page: its script reloads when it is over."""
    kim = world.logged_in("kim")
    number = kim.api("POST", "/sessions", {}).json["number"]
    customer = world.browser()
    customer.form("/", {"number": number})
    session_id = kim.api("GET", "/sessions").json["items"][0]["id"]

    def work(db: Any) -> None:
        row = db.get(SupportSession, session_id)
        row.state, row.connected_at, row.ended_at = "COMPLETED", row.created_at, world.time.now()

    world.db.transact(work)
    answer = customer.get("/join")
    assert answer.status == 303 and answer.headers["location"].startswith("/receipt/")
    assert KO["receipt_title"] in customer.get(answer.headers["location"]).text


# --- survey -----------------------------------------------------------------------------------------------------------


def test_a_customer_is_asked_where_the_company_wants_it_and_answers_once(world: World) -> None:
    """ADM-SURVEY: score and comment stand in the record; a second answer changes nothing."""
    world.set_company(survey_enabled=True)
    case = Case(world)
    assert KO["survey_title"] not in case.text()
    case.end()
    assert KO["survey_title"] in case.text() and case.row().survey_asked
    assert case.answer("5", " 친절합니다 ").status == 303
    assert case.answer("1").status == 409
    assert (case.row().satisfaction, case.row().survey_comment) == (5, "친절합니다")
    assert KO["survey_thanks"] in case.text() and "★★★★★" in case.text()
    record = case.kim.api("GET", f"/records/{case.id}").json
    assert record["session"]["satisfaction"] == 5 and record["events"][-1]["data"] == {"score": 5}
    assert record["chain_ok"]


@pytest.mark.parametrize("score", ["", "0", "6", "5.0", "²", "-1", "x" * 1000])
def test_a_score_is_one_to_five(world: World, score: str) -> None:
    world.set_company(survey_enabled=True)
    case = Case(world).end()
    answer = case.answer(score)
    assert answer.status == 303 and "said=choose" in answer.headers["location"]
    assert case.row().satisfaction is None
    page = case.customer.get(answer.headers["location"].partition("#")[0])
    assert KO["survey_choose"] in html.unescape(page.text)


def test_a_company_that_does_not_ask_takes_no_answer(world: World) -> None:
    case = Case(world).end()
    assert KO["survey_title"] not in case.text() and not case.row().survey_asked
    assert case.answer("5").status == 409 and case.row().satisfaction is None


def test_statistics_tell_no_answer_from_a_bad_one(world: World) -> None:
    """Domain 6.3: mean and answers of those asked; rows and columns by score agree with the total."""
    world.set_company(survey_enabled=True)
    cases = [Case(world).end() for _ in range(4)]
    for case in cases[:3]:
        case.text()
    cases[0].answer("4")
    cases[1].answer("1")
    figures = world.logged_in("boss").api("GET", "/statistics?rows=satisfaction&columns=operator").json
    assert figures["satisfaction"] == {"asked": 3, "answers": 2, "mean": 2.5}
    totals = {row["key"]: row["total"] for row in figures["rows"]}
    assert totals == {"1": 1, "2": 0, "3": 0, "4": 1, "5": 0, "none": 2} and figures["total"] == 4
    behind = world.logged_in("boss").api("GET", "/records?satisfaction=4").json
    assert [s["id"] for s in behind["items"]] == [cases[0].id]


# --- abuse ------------------------------------------------------------------------------------------------------------


def test_a_report_reaches_the_administrator_who_says_what_came_of_it(world: World) -> None:
    """Rule 6 against abuse: from the page, and from the program without words."""
    case = Case(world).end()
    assert KO["report_title"] in case.text()
    assert case.customer.form(f"{case.path}/report", {"text": "비밀번호를 물었습니다"}).status == 303
    joined = Case(world)
    world.browser().request(
        "POST", f"/api/v1/join/{joined.id}/report", headers={"Authorization": f"Bearer {joined.secret}"}
    )
    boss = world.logged_in("boss")
    page = boss.api("GET", "/abuse-reports").json
    assert [(r["text"], r["session"]["id"]) for r in page["items"]] == [
        ("", joined.id),
        ("비밀번호를 물었습니다", case.id),
    ]
    assert page["open"] == 2
    done = boss.api("POST", f"/abuse-reports/{page['items'][1]['id']}/handle", {"note": "상담원 교육"})
    assert done.json["note"] == "상담원 교육" and done.json["handled_by"] == "Boss alpha"
    assert boss.api("POST", f"/abuse-reports/{page['items'][1]['id']}/handle", {"note": "다시"}).status == 404
    left = boss.api("GET", "/abuse-reports").json
    assert (left["open"], left["total"]) == (1, 1)
    assert boss.api("GET", "/abuse-reports?state=all").json["total"] == 2
    assert world.logged_in("boss", "beta").api("GET", "/abuse-reports?state=all").json["total"] == 0
    assert world.logged_in("kim").api("GET", "/abuse-reports").status == 403


def test_a_report_is_taken_for_an_hour_and_a_flood_is_not_kept(world: World) -> None:
    case = Case(world).end()
    for _ in range(rules.MAX_REPORTS + 5):
        case.customer.form(f"{case.path}/report", {"text": "x" * 100_0})
    assert world.logged_in("boss").api("GET", "/abuse-reports").json["total"] == rules.MAX_REPORTS
    world.advance(minutes=61)
    assert KO["report_title"] not in case.text()
    assert case.customer.form(f"{case.path}/report", {"text": "late"}).status == 404


def test_the_receipt_is_of_one_entry_of_the_number(world: World) -> None:
    """Whoever typed the number before somebody else did holds no key to the other's session."""
    case = Case(world)
    world.db.transact(
        lambda db: setattr(db.get(SupportSession, case.id), "joined_at", world.time.now().replace(year=2030))
    )
    assert "JOIN_REPLACED" in case.text()
