"""Routes of notices for administrators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from pydantic import Field

from wizhelper.http.api import ADMINS, READERS, Call, Model, Moment, Routes
from wizhelper.http.errors import ApiError
from wizhelper.notices import service
from wizhelper.notices.model import Notice
from wizhelper.store import audit
from wizhelper.store.database import Database


class NoticeIn(Model):
    title: str = Field(min_length=1, max_length=200)
    body: str = Field(max_length=10_000)
    audience: Literal["login"]
    from_at: Moment
    to_at: Moment | None = None
    pinned: bool = False


class NoticeOut(Model):
    id: int
    title: str
    body: str
    audience: str
    from_at: datetime
    to_at: datetime | None
    pinned: bool


class NoticeList(Model):
    items: list[NoticeOut]


def described(notice: Notice) -> NoticeOut:
    return NoticeOut(
        id=notice.id,
        title=notice.title,
        body=notice.body,
        audience=notice.audience,
        from_at=notice.from_at,
        to_at=notice.to_at,
        pinned=notice.pinned,
    )


def make_routes(db: Database, now: Callable[[], datetime]) -> Routes:
    routes = Routes("notices")

    @routes.get("/notices", roles=READERS, result=NoticeList)
    async def list_notices(call: Call[None]) -> NoticeList:
        """Notices of the own company."""
        found = await db.read(lambda s: [described(n) for n in service.of_company(s, call.caller.company)])
        return NoticeList(items=found)

    @routes.post("/notices", roles=ADMINS, body=NoticeIn, result=NoticeOut, status=201)
    async def add_notice(call: Call[NoticeIn]) -> NoticeOut:
        """Publishes a notice."""
        notice = Notice(company_id=call.caller.company, **call.body.model_dump())

        def work(session):  # type: ignore[no-untyped-def]
            session.add(notice)
            session.flush()
            facts = {"id": notice.id, "title": notice.title}
            audit.append(session, now(), call.caller.company, call.caller.actor, "notice.added", facts)
            return described(notice)

        return await db.run(work)

    @routes.delete("/notices/<int:id>", roles=ADMINS)
    async def remove_notice(call: Call[None]) -> None:
        """Takes a notice back."""

        def work(session):  # type: ignore[no-untyped-def]
            notice = session.get(Notice, call.path["id"])
            if notice is None or notice.company_id != call.caller.company:
                raise ApiError("NOT_FOUND")
            session.delete(notice)
            facts = {"id": notice.id, "title": notice.title}
            audit.append(session, now(), call.caller.company, call.caller.actor, "notice.removed", facts)

        await db.run(work)

    return routes
