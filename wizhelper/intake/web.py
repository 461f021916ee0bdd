"""Routes of the intake form and of the answers in a session (ADM-INTAKE, RC-SYS)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Self

from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from wizhelper.http.api import ADMINS, ANYONE, OPERATORS, Call, Model, Routes
from wizhelper.intake import rules
from wizhelper.intake.model import IntakeField
from wizhelper.records.view import SessionOut
from wizhelper.store import audit
from wizhelper.store.database import Database
from wizhelper.support.rules import operator
from wizhelper.support.service import Support


class FieldIn(Model):
    label: str = Field(min_length=1, max_length=rules.MAX_LABEL)
    kind: Literal["text", "lines", "choice"]
    choices: list[str] = Field(max_length=rules.MAX_CHOICES)
    required: bool

    @model_validator(mode="after")
    def _choices_of_a_choice(self) -> Self:
        good = all(0 < len(choice.strip()) <= rules.MAX_LABEL for choice in self.choices)
        if not good or (self.kind == "choice") != bool(self.choices) or len(set(self.choices)) != len(self.choices):
            raise ValueError("a choice has different texts to choose from, other fields have none")
        return self


class FieldsIn(Model):
    fields: list[FieldIn] = Field(max_length=rules.MAX_FIELDS)


class Answer(Model):
    label: str = Field(min_length=1, max_length=rules.MAX_LABEL)
    value: str = Field(max_length=rules.MAX_VALUE)


class AnswersIn(Model):
    answers: list[Answer] = Field(
        max_length=2 * rules.MAX_FIELDS, examples=[[{"label": "Name", "value": "Hong"}]]
    )


def _described(fields: list[IntakeField]) -> FieldsIn:
    items = [{"label": f.label, "kind": f.kind, "choices": list(f.choices), "required": f.required} for f in fields]
    return FieldsIn.model_validate({"fields": items})


def make_routes(db: Database, support: Support, now: Callable[[], datetime]) -> Routes:
    routes = Routes("intake")

    @routes.get("/intake-fields", roles=ANYONE, result=FieldsIn)
    async def fields(call: Call[None]) -> FieldsIn:
        """The form that customers of the company fill in on the customer page, beside the consent."""
        return await db.read(lambda s: _described(rules.fields_of(s, call.caller.company)))

    @routes.put("/intake-fields", roles=ADMINS, body=FieldsIn, result=FieldsIn)
    async def change_fields(call: Call[FieldsIn]) -> FieldsIn:
        """The whole form anew, in its order (ADM-INTAKE)."""

        def work(session: Session) -> FieldsIn:
            company = call.caller.company
            wanted = [
                IntakeField(company_id=company, position=number, **field.model_dump())
                for number, field in enumerate(call.body.fields)
            ]
            rules.replace(session, company, wanted)
            facts = {"fields": [field.label for field in call.body.fields]}
            audit.append(session, now(), company, call.caller.actor, "intake_fields.changed", facts)
            return _described(rules.fields_of(session, company))

        return await db.run(work)

    @routes.put("/sessions/<uuid:id>/intake", roles=OPERATORS, body=AnswersIn, result=SessionOut)
    async def change_answers(call: Call[AnswersIn]) -> SessionOut:
        """What the customer says on the phone, or a correction (RC-SYS)."""
        answers = [answer.model_dump() for answer in call.body.answers]
        actor = operator(call.caller.account)

        def work(session: Session, row):  # type: ignore[no-untyped-def]
            rules.keep(session, now(), row, actor, answers)
            return row

        return await support.act(call.caller, str(call.path["id"]), work)

    return routes
