"""The audit chain: acts are appended in their own transaction, and whatever is done to the lines shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes import START
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from world import World

from wizhelper.store import audit
from wizhelper.store.audit import AuditHead, AuditLine
from wizhelper.store.database import Database

FORGED = "f" * 64


def _three(db: Session) -> None:
    for number in range(3):
        audit.append(db, START, 1, "account:1", "company.changed", {"name": f"이름 {number}"})


def _swap(db: Session) -> None:
    for old, new in ((1, 99), (2, 1), (99, 2)):
        db.execute(update(AuditLine).where(AuditLine.seq == old).values(seq=new))


def _on(seq: int, **values: object) -> Callable[[Session], object]:
    return lambda db: db.execute(update(AuditLine).where(AuditLine.seq == seq).values(**values))


def _without(*seqs: int) -> Callable[[Session], object]:
    return lambda db: db.execute(delete(AuditLine).where(AuditLine.seq.in_(seqs)))


def test_a_chain_that_nobody_touched_is_whole_also_when_it_is_empty(db: Database) -> None:
    assert db.look(audit.verify) == audit.Verdict(0, audit.GENESIS, None)
    db.transact(_three)
    verdict = db.look(audit.verify)
    assert (verdict.seq, verdict.problem) == (3, None)
    assert db.look(lambda s: audit.verify(s, (3, verdict.hash))).problem is None


@pytest.mark.parametrize(
    "harm",
    [
        *[
            _on(2, actor="account:2"),
            _on(2, action="x"),
            _on(2, company_id=2),
            _on(2, body="[]"),
            _on(2, body="nonsense"),
        ],
        *[_on(2, hash=FORGED), _without(1), _without(2), _without(3), _without(1, 2, 3), _swap],
        *[lambda db: db.execute(delete(AuditHead)), lambda db: db.execute(update(AuditHead).values(seq=2))],
    ],
    ids=[
        "actor",
        "action",
        "company",
        "body",
        "text",
        "hash",
        "first",
        "middle",
        "last",
        "all",
        "order",
        "head",
        "head-seq",
    ],
)
def test_an_edited_removed_reordered_or_cut_line_shows(db: Database, harm: Callable[[Session], object]) -> None:
    db.transact(_three)
    db.transact(harm)
    assert db.look(audit.verify).problem


def test_a_chain_that_was_made_anew_differs_from_the_head_that_was_noted(db: Database) -> None:
    db.transact(_three)
    noted = db.look(audit.verify)

    def anew(session: Session) -> None:
        session.execute(delete(AuditLine))
        session.execute(delete(AuditHead))
        session.expire_all()
        for number in range(4):
            audit.append(session, START, 1, "account:1", "company.changed", {"name": f"forged {number}"})

    db.transact(anew)
    assert db.look(audit.verify).problem is None
    assert db.look(lambda s: audit.verify(s, (noted.seq, noted.hash))).problem
    assert db.look(lambda s: audit.verify(s, (9, FORGED))).problem


def test_an_act_that_failed_leaves_no_line(db: Database) -> None:
    def fails(session: Session) -> None:
        _three(session)
        raise ValueError

    with pytest.raises(ValueError):
        db.transact(fails)
    assert db.look(audit.verify).seq == 0


def _actions(world: World) -> list[tuple[str, str]]:
    query = select(AuditLine.actor, AuditLine.action).order_by(AuditLine.seq)
    return world.db.look(lambda s: [(row.actor, row.action) for row in s.execute(query)])


def test_what_administrators_and_operators_do_is_in_the_chain_without_secrets(world: World) -> None:
    boss, kim = world.logged_in("boss"), world.logged_in("kim")
    actor = f"account:{world.account('boss')}"
    settings = boss.api("GET", "/company").json
    del settings["code"]
    boss.api("PUT", "/company", {**settings, "name": "New name"})
    number = world.account("lee")
    boss.api("PATCH", f"/accounts/{number}", {"display_name": "Lee 2"})
    password = boss.api("POST", f"/accounts/{number}/reset-password", {}).json["password"]
    kim.api("POST", "/sessions", {})
    found = _actions(world)
    for action in ("company.changed", "account.changed", "account.password_set"):
        assert (actor, action) in found
    assert any(action.startswith("session.") for _, action in found)
    bodies = world.db.look(lambda s: " ".join(s.scalars(select(AuditLine.body))))
    assert "New name" in bodies and password not in bodies
    assert world.db.look(audit.verify).problem is None
    assert world.db.look(lambda s: s.scalar(select(func.count()).select_from(AuditLine))) == len(found)
