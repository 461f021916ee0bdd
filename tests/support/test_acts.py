"""What a console did on the PC becomes events of the session; the rights of a session are those that its customer agreed to."""

from __future__ import annotations

import pytest
from desk import Desk
from fakes import ManualTime
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wizhelper.protocol.channels import ALL_PERMISSIONS
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.live import Act, Fact
from wizhelper.records import acts, events
from wizhelper.records.model import ConsentRecord, SupportSession
from wizhelper.settings import rights
from wizhelper.store.database import Database
from wizhelper.support import joining


@pytest.fixture
def desk(any_db: Database, time_: ManualTime) -> Desk:
    return Desk(any_db, time_)


def tell(desk: Desk, session_id: str, *done: Act) -> None:
    desk.do(lambda db: acts.append(db, session_id, desk.time.now(), done))


def of_agent(desk: Desk, session_id: str) -> list[tuple[str, dict[str, str]]]:
    def work(db: Session) -> list[tuple[str, dict[str, str]]]:
        found = events.of_session(db, session_id)
        assert events.chain_ok(found)
        return [(event.type, event.data) for event in found if event.actor == acts.AGENT]

    return desk.do(work)


def scopes(desk: Desk, session_id: str) -> list[str]:
    return desk.do(lambda db: joining.agreed_scopes(db, db.get_one(SupportSession, session_id)))


def scopes_asked(desk: Desk, session_id: str) -> list[str]:
    return desk.do(lambda db: joining.asked_scopes(db, db.get_one(SupportSession, session_id)))


def test_an_act_is_an_event_with_its_facts(desk: Desk) -> None:
    session_id = desk.active()
    tell(desk, session_id, Act("screenshot", (Fact("name", "화면.png"),)))
    assert of_agent(desk, session_id) == [("screenshot", {"name": "화면.png"})]


def test_an_act_that_is_none_is_refused(desk: Desk) -> None:
    session_id = desk.active()
    with pytest.raises(RemoteProtocolError, match="act"):
        tell(desk, session_id, Act("consented"))
    assert of_agent(desk, session_id) == []


def test_a_flood_of_acts_stops_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MAX_ACTS", 3)
    session_id = desk.active()
    tell(desk, session_id, Act("screenshot"), Act("screenshot"))
    tell(desk, session_id, *[Act("screenshot")] * 4)
    tell(desk, session_id, Act("screenshot"))
    assert [kind for kind, _ in of_agent(desk, session_id)] == ["screenshot"] * 3 + [acts.OVERFLOW]


def test_the_rights_are_those_that_were_agreed_to_not_those_of_today(desk: Desk) -> None:
    session_id = desk.active()
    assert scopes(desk, session_id) == rights.scopes({})
    desk.do(lambda db: db.execute(update(ConsentRecord).values(scopes=["view"])))
    assert scopes(desk, session_id) == ["view"]


def test_what_the_company_allows_after_the_question_was_shown_is_not_agreed_to(desk: Desk) -> None:
    """The customer has read the list of before; what is taken away since is gone all the same."""
    session_id = desk.wait()
    desk.join(session_id)
    shown = scopes_asked(desk, session_id)
    desk.set(rights={"command": True, "clipboard": False})
    desk.consent(session_id)
    assert scopes_asked(desk, session_id) == shown and "command" not in shown and "clipboard" in shown
    agreed = desk.do(lambda db: db.scalars(select(ConsentRecord.scopes)).one())
    assert agreed == shown
    assert scopes(desk, session_id) == [scope for scope in shown if scope != "clipboard"]


def test_without_an_answer_there_are_no_rights_unless_the_company_does_not_ask(desk: Desk) -> None:
    session_id = desk.wait()
    desk.join(session_id)
    assert scopes(desk, session_id) == []
    desk.set(consent_enabled=False)
    assert scopes(desk, session_id) == rights.scopes({})


def test_a_company_decides_which_rights_are_asked_for(desk: Desk) -> None:
    desk.set(rights={"command": True, "clipboard": False, "of_another_version": True})
    asked = scopes(desk, desk.active())
    assert "command" in asked and "clipboard" not in asked and "of_another_version" not in asked
    assert asked[0] == "view"


def test_every_right_of_the_protocol_is_the_companys_to_decide() -> None:
    assert {*rights.ALWAYS, *rights.DEFAULTS} == set(ALL_PERMISSIONS)
    assert "command" not in rights.scopes({})
