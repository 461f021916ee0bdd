"""The page after a session: what was done, how it was, and the report of abuse. The link to it is its only key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from wizhelper.aftercare import rules
from wizhelper.aftercare.receipt import Receipt, receipt_of
from wizhelper.downloads.receipt_words import ACT_WORDS
from wizhelper.downloads.rendering import guarded, redirect, rendered
from wizhelper.http.errors import ApiError
from wizhelper.http.site import Page, Response, WebSite
from wizhelper.settings.right_words import AGREED_WORDS
from wizhelper.store.database import Database
from wizhelper.support import joining
from wizhelper.support.tokens import Claim, TokenOffice

LIFETIME_S = 7 * 24 * 3600
"""As long as the survey may be answered."""


def path(token: str) -> str:
    return f"/receipt/{token}"


class ReceiptPages:
    def __init__(self, db: Database, tokens: TokenOffice, now: Callable[[], datetime]) -> None:
        self._db = db
        self._tokens = tokens
        self._now = now

    def add_to(self, site: WebSite) -> None:
        site.add_page("/receipt/<token>", guarded(self.show))
        site.add_page("/receipt/<token>/survey", guarded(self.answer), methods=("POST",))
        site.add_page("/receipt/<token>/report", guarded(self.report), methods=("POST",))

    async def show(self, page: Page) -> Response:
        held = self._claim(page)

        def work(db: Session) -> tuple[Receipt, bool, bool, int | None]:
            row = joining.claimed(db, held)
            asked = rules.ask(db, self._now(), row)
            return receipt_of(db, row), asked, rules.may_report(row, self._now()), row.satisfaction

        receipt, asked, reportable, score = await self._db.run(work)
        return rendered(
            page,
            "receipt.html",
            receipt=receipt,
            here=path(page.path["token"]),
            asked=asked,
            answered=score,
            reportable=reportable,
            said=page.query.get("said", ""),
            act_words=ACT_WORDS[page.language],
            right_words=AGREED_WORDS[page.language],
            scores=tuple(rules.SCORES),
        )

    async def answer(self, page: Page) -> Response:
        """One score, once."""
        held = self._claim(page)
        score = page.form.get("score", "")
        chosen = int(score) if score in ("1", "2", "3", "4", "5") else 0

        def work(db: Session) -> None:
            rules.answer(db, self._now(), joining.claimed(db, held), chosen, page.form.get("comment", ""))

        try:
            await self._db.run(work)
        except ApiError as problem:
            if problem.code != "INVALID_FIELDS":
                raise
            return redirect(f"{path(page.path['token'])}?said=choose#survey")
        return redirect(f"{path(page.path['token'])}?said=thanks#survey")

    async def report(self, page: Page) -> Response:
        held = self._claim(page)

        def work(db: Session) -> None:
            row = joining.claimed(db, held)
            rules.report(db, self._now(), row, page.form.get("text", ""), page.address)

        await self._db.run(work)
        return redirect(f"{path(page.path['token'])}?said=reported#report")

    def _claim(self, page: Page) -> Claim:
        found = self._tokens.claim_of(page.path["token"])
        if found is None:
            raise ApiError("RECEIPT_OVER")
        return found
