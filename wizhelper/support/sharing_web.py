"""Routes of sessions that several operators share (RC-HANDOVER): all for operators, for own sessions and those shared with them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wizhelper.accounts.paging import page_of
from wizhelper.http.api import OPERATORS, Call, Model, Routes, RowId
from wizhelper.http.errors import ApiError
from wizhelper.records.view import SessionOut
from wizhelper.support.sharing import Colleague, OfferOut, Sharing, WhisperOut
from wizhelper.support.sharing_rules import Kind

MAX_SEARCH = 100


class ColleaguePage(Model):
    items: list[Colleague]
    total: int
    page: int
    size: int


class AskIn(Model):
    """`to`: whom; without it the session's owner is asked. `stay`: after a hand-over the first goes on watching."""

    kind: Literal["watch", "handover", "control"]
    to: RowId | None = None
    stay: bool = True


class AnswerIn(Model):
    accepted: bool


class OfferList(Model):
    items: list[OfferOut]


class PersonIn(Model):
    account: RowId


class WhisperIn(Model):
    text: str = Field(min_length=1, max_length=1000)


class WhisperList(Model):
    items: list[WhisperOut]


def make_routes(sharing: Sharing) -> Routes:
    routes = Routes("sharing")

    @routes.get("/sessions/<uuid:id>/colleagues", roles=OPERATORS, result=ColleaguePage)
    async def colleagues(call: Call[None]) -> ColleaguePage:
        """Operators of the company who are logged in; query fields q, page, size."""
        page, size = page_of(call)
        text = call.query.get("q", "").strip()[:MAX_SEARCH]
        found = await sharing.colleagues(call.caller, str(call.path["id"]), text, page, size)
        return ColleaguePage(items=found.items, total=found.total, page=page, size=size)

    @routes.post("/sessions/<uuid:id>/ask", roles=OPERATORS, body=AskIn, result=OfferOut, status=201)
    async def ask(call: Call[AskIn]) -> OfferOut:
        """Invites a colleague to watch, offers him the session, or asks the owner for the control."""
        form = call.body
        return await sharing.ask(call.caller, str(call.path["id"]), Kind(form.kind), form.to, form.stay)

    @routes.get("/offers", roles=OPERATORS, result=OfferList)
    async def offers(call: Call[None]) -> OfferList:
        """Open requests to the caller and by him."""
        return OfferList(items=await sharing.offers(call.caller))

    @routes.post("/offers/<int:id>/answer", roles=OPERATORS, body=AnswerIn, result=OfferOut)
    async def answer(call: Call[AnswerIn]) -> OfferOut:
        """Accepts or refuses a request to the caller."""
        return await sharing.answer(call.caller, int(call.path["id"]), call.body.accepted)

    @routes.post("/offers/<int:id>/withdraw", roles=OPERATORS, result=OfferOut)
    async def withdraw(call: Call[None]) -> OfferOut:
        """Takes an own request back before it is answered."""
        return await sharing.withdraw(call.caller, int(call.path["id"]))

    @routes.post("/sessions/<uuid:id>/give", roles=OPERATORS, body=PersonIn, result=SessionOut)
    async def give(call: Call[PersonIn]) -> SessionOut:
        """The owner lends the control to somebody who watches."""
        return await sharing.give(call.caller, str(call.path["id"]), call.body.account)

    @routes.post("/sessions/<uuid:id>/take", roles=OPERATORS, result=SessionOut)
    async def take(call: Call[None]) -> SessionOut:
        """The owner takes the control back, or who has it returns it."""
        return await sharing.take(call.caller, str(call.path["id"]))

    @routes.post("/sessions/<uuid:id>/leave", roles=OPERATORS)
    async def leave(call: Call[None]) -> None:
        """Ends the caller's part in a session of somebody else."""
        await sharing.leave(call.caller, str(call.path["id"]))

    @routes.post("/sessions/<uuid:id>/remove", roles=OPERATORS, body=PersonIn, result=SessionOut)
    async def remove(call: Call[PersonIn]) -> SessionOut:
        """The owner ends somebody else's part."""
        return await sharing.remove(call.caller, str(call.path["id"]), call.body.account)

    @routes.post("/sessions/<uuid:id>/whispers", roles=OPERATORS, body=WhisperIn, result=WhisperOut, status=201)
    async def whisper(call: Call[WhisperIn]) -> WhisperOut:
        """A line to the other operators of the session; the customer never sees it."""
        if not call.body.text.strip():
            raise ApiError("INVALID_FIELDS", fields={"text": "empty"})
        return await sharing.whisper(call.caller, str(call.path["id"]), call.body.text.strip())

    @routes.get("/sessions/<uuid:id>/whispers", roles=OPERATORS, result=WhisperList)
    async def whispers(call: Call[None]) -> WhisperList:
        """What operators of the session wrote to each other; kept in memory while the appliance runs."""
        return WhisperList(items=await sharing.whispers(call.caller, str(call.path["id"])))

    return routes
