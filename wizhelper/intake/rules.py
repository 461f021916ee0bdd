"""Rules of the intake form: plain functions of a Session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.http.errors import ApiError
from wizhelper.intake.model import IntakeField
from wizhelper.records import events
from wizhelper.records.model import SupportSession

MAX_FIELDS, MAX_CHOICES = 20, 50
MAX_LABEL, MAX_VALUE = 100, 1000
"""Lengths in characters."""


class Kind(StrEnum):
    """How a field is asked: one line, several lines, one of `choices`."""

    TEXT = "text"
    LINES = "lines"
    CHOICE = "choice"


def fields_of(db: Session, company: int) -> list[IntakeField]:
    query = select(IntakeField).where(IntakeField.company_id == company).order_by(IntakeField.position)
    return list(db.scalars(query))


def answers_of(fields: Sequence[IntakeField], form: Mapping[str, str]) -> tuple[list[dict[str, str]], list[int]]:
    """`form`: "intake-<id>" -> what was typed. -> answers with their labels, and ids of required fields that are empty.

    A choice that is none counts as empty; nothing that was typed is lost by a missing one, for the caller shows it again.
    """
    answers, missing = [], []
    for field in fields:
        value = form.get(f"intake-{field.id}", "").strip()[:MAX_VALUE]
        if field.kind == Kind.CHOICE and value not in field.choices:
            value = ""
        if value:
            answers.append({"label": field.label, "value": value})
        elif field.required:
            missing.append(field.id)
    return answers, missing


def keep(db: Session, now: datetime, row: SupportSession, actor: str, answers: Sequence[Mapping[str, str]]) -> None:
    """The answers as they are now; the timeline says who wrote how many, not what: they are personal data."""
    kept = [{"label": answer["label"], "value": answer["value"]} for answer in answers if answer["value"]]
    if kept == (row.intake or []):
        return
    row.intake = kept
    events.append(db, row.id, now, actor, "intake_kept", {"answers": len(kept)})


def replace(db: Session, company: int, wanted: Sequence[IntakeField]) -> None:
    """The whole form anew: answers in records keep their own words. Raises ApiError("INVALID_FIELDS")."""
    labels = [field.label for field in wanted]
    if len(set(labels)) != len(labels):
        raise ApiError("INVALID_FIELDS", fields={"fields": "two fields have the same label"})
    for field in fields_of(db, company):
        db.delete(field)
    db.flush()
    db.add_all(wanted)
    db.flush()
