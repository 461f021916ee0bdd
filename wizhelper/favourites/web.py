"""Routes of favourites: everybody keeps his own, administrators those of the company (RC-URL, RC-EXEC)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from wizhelper.favourites.model import Favourite
from wizhelper.http.api import ADMINS, ANYONE, Call, Model, Routes
from wizhelper.http.errors import ApiError
from wizhelper.protocol.execute import MAX_COMMAND, is_address, is_command
from wizhelper.store import audit
from wizhelper.store.database import Database

MAX_FAVOURITES = 200
"""Of one account, and of one company."""


class FavouriteIn(Model):
    kind: Literal["url", "command"]
    title: str = Field(min_length=1, max_length=100)
    value: str = Field(min_length=1, max_length=MAX_COMMAND, examples=["https://example.com/driver"])
    shell: Literal["", "none", "sh", "cmd", "powershell"] = ""

    @model_validator(mode="after")
    def _usable(self) -> FavouriteIn:
        fine = (
            is_address(self.value) and not self.shell if self.kind == "url" else is_command(self.value) and self.shell
        )
        if not fine:
            raise ValueError("an address, or a command with its shell")
        return self


class FavouriteOut(Model):
    id: int
    kind: str
    title: str
    value: str
    shell: str
    shared: bool


class FavouriteList(Model):
    items: list[FavouriteOut]


def described(row: Favourite) -> FavouriteOut:
    shared = row.account_id is None
    return FavouriteOut(id=row.id, kind=row.kind, title=row.title, value=row.value, shell=row.shell, shared=shared)


def _note(session: Session, now: datetime, call: Call[Any], action: str, row: Favourite) -> None:
    audit.append(session, now, call.caller.company, call.caller.actor, action, described(row).model_dump())


def _add(session: Session, now: datetime, call: Call[FavouriteIn], account: int | None) -> FavouriteOut:
    company, body = call.caller.company, call.body
    where = [Favourite.company_id == company, Favourite.account_id == account]
    if (session.scalar(select(func.count()).select_from(Favourite).where(*where)) or 0) >= MAX_FAVOURITES:
        raise ApiError("FAVOURITE_LIMIT")
    row = Favourite(company_id=company, account_id=account, **body.model_dump())
    session.add(row)
    session.flush()
    _note(session, now, call, "favourite.added", row)
    return described(row)


def _one(session: Session, favourite: object, where: list[ColumnElement[bool]]) -> Favourite:
    row = session.scalar(select(Favourite).where(Favourite.id == favourite, *where))
    if row is None:
        raise ApiError("NOT_FOUND")
    return row


def _change(
    session: Session, now: datetime, call: Call[FavouriteIn], where: list[ColumnElement[bool]]
) -> FavouriteOut:
    row = _one(session, call.path["id"], where)
    for name, value in call.body.model_dump().items():
        setattr(row, name, value)
    _note(session, now, call, "favourite.changed", row)
    return described(row)


def _remove(session: Session, now: datetime, call: Call[None], where: list[ColumnElement[bool]]) -> None:
    row = _one(session, call.path["id"], where)
    _note(session, now, call, "favourite.removed", row)
    session.delete(row)


def _own(call: Call[Any]) -> list[ColumnElement[bool]]:
    return [Favourite.company_id == call.caller.company, Favourite.account_id == call.caller.account]


def _shared(call: Call[Any]) -> list[ColumnElement[bool]]:
    return [Favourite.company_id == call.caller.company, Favourite.account_id.is_(None)]


def make_routes(db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("favourites")

    @routes.get("/favourites", roles=ANYONE, result=FavouriteList)
    async def list_favourites(call: Call[None]) -> FavouriteList:
        """The caller's own and the company's, by title."""
        mine = or_(Favourite.account_id == call.caller.account, Favourite.account_id.is_(None))
        query = select(Favourite).where(Favourite.company_id == call.caller.company, mine).order_by(Favourite.title)
        return FavouriteList(items=await db.read(lambda s: [described(row) for row in s.scalars(query)]))

    @routes.post("/favourites", roles=ANYONE, body=FavouriteIn, result=FavouriteOut, status=201)
    async def add_own(call: Call[FavouriteIn]) -> FavouriteOut:
        """Keeps an address or a command for the caller."""
        return await db.run(lambda s: _add(s, now(), call, call.caller.account))

    @routes.put("/favourites/<int:id>", roles=ANYONE, body=FavouriteIn, result=FavouriteOut)
    async def change_own(call: Call[FavouriteIn]) -> FavouriteOut:
        """Changes one of the caller's own."""
        return await db.run(lambda s: _change(s, now(), call, _own(call)))

    @routes.delete("/favourites/<int:id>", roles=ANYONE)
    async def remove_own(call: Call[None]) -> None:
        """Removes one of the caller's own."""
        await db.run(lambda s: _remove(s, now(), call, _own(call)))

    @routes.post("/company/favourites", roles=ADMINS, body=FavouriteIn, result=FavouriteOut, status=201)
    async def add_shared(call: Call[FavouriteIn]) -> FavouriteOut:
        """Keeps an address or a command for the whole company."""
        return await db.run(lambda s: _add(s, now(), call, None))

    @routes.put("/company/favourites/<int:id>", roles=ADMINS, body=FavouriteIn, result=FavouriteOut)
    async def change_shared(call: Call[FavouriteIn]) -> FavouriteOut:
        """Changes one of the company's."""
        return await db.run(lambda s: _change(s, now(), call, _shared(call)))

    @routes.delete("/company/favourites/<int:id>", roles=ADMINS)
    async def remove_shared(call: Call[None]) -> None:
        """Removes one of the company's."""
        await db.run(lambda s: _remove(s, now(), call, _shared(call)))

    return routes
