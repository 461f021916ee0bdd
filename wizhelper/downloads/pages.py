"""The customer's pages: number or operator, consent, download, status. They work without JavaScript.

Where a customer stands is kept in one signed cookie that names the session; each page is made from the session's state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from wizhelper.downloads import packages, programs, receipt
from wizhelper.downloads.packages import Package
from wizhelper.downloads.programs import Os, Program
from wizhelper.downloads.rendering import guarded, redirect, rendered
from wizhelper.downloads.texts import TEXTS, status_key
from wizhelper.http.errors import CATALOGUE, ApiError, Language
from wizhelper.http.site import Page, Response, WebSite
from wizhelper.intake import rules as intake
from wizhelper.intake.model import IntakeField
from wizhelper.protocol.messages import dump_json
from wizhelper.records.model import SupportSession
from wizhelper.records.view import SessionOut
from wizhelper.settings.model import PageMode
from wizhelper.settings.right_words import asked_for
from wizhelper.settings.service import find_company
from wizhelper.sms.links import PATH as LINK_PATH
from wizhelper.sms.service import Sms
from wizhelper.store.database import Database
from wizhelper.support import joining
from wizhelper.support.rules import CUSTOMER
from wizhelper.support.service import Support, Welcome
from wizhelper.support.states import State
from wizhelper.support.tokens import Claim, TokenOffice

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Shown:
    """A company as its customer page shows it; `code` None is the base page."""

    code: str | None
    name: str
    contact: str
    mode: str
    operators: tuple[tuple[int, str], ...]


class CustomerPages:
    """`page_tokens` sign the cookie, `download_tokens` the connection file, `receipt_tokens` the way to the receipt."""

    def __init__(
        self,
        db: Database,
        support: Support,
        sms: Sms,
        page_tokens: TokenOffice,
        download_tokens: TokenOffice,
        receipt_tokens: TokenOffice,
        available: Mapping[Os, Program],
        ca: bytes | None,
        installers: Mapping[str, Package],
        now: Callable[[], datetime],
    ) -> None:
        self._db = db
        self._now = now
        self._support = support
        self._sms = sms
        self._page_tokens = page_tokens
        self._download_tokens = download_tokens
        self._receipt_tokens = receipt_tokens
        self._programs = available
        self._packages = installers
        self._ca = ca

    def add_to(self, site: WebSite) -> None:
        site.add_page("/", guarded(self.entry))
        site.add_page("/", guarded(self.enter), methods=("POST",))
        site.add_page("/<company>", guarded(self.entry))
        site.add_page("/<company>", guarded(self.enter), methods=("POST",))
        site.add_page(LINK_PATH + "<token>", guarded(self.invited))
        site.add_page(LINK_PATH + "<token>", guarded(self.enter_invited), methods=("POST",))
        site.add_page("/join", guarded(self.where_am_i))
        site.add_page("/join/consent", guarded(self.consent), methods=("POST",))
        site.add_page("/join/status", self.status)
        site.add_page("/join/style.css", self.style)
        site.add_page("/download", guarded(self.download_list))
        site.add_page("/download/<os>", guarded(self.download))
        site.add_page("/download/file/<name>", guarded(self.package))
        site.add_page("/download/help/antivirus", guarded(self.antivirus))
        if self._ca is not None:
            site.add_page("/ca.pem", self.ca_file)

    # --- steps ------------------------------------------------------------------------------------------------------

    async def entry(self, page: Page) -> Response:
        return self._entry_page(page, await self._company(page), "", None)

    async def enter(self, page: Page) -> Response:
        """The number, or the operator that was clicked (CUST-NUM, CUST-PICK)."""
        company = await self._company(page)
        number = page.form.get("number", "")
        try:
            if "operator" in page.form and company.code is not None:
                chosen = _number(page.form["operator"]) or 0
                welcome = await self._support.join_by_pick(
                    company.code, chosen, "web", page.address, None, page.language
                )
            else:
                if company.mode == PageMode.PICK:
                    raise ApiError("PAGE_MODE")
                welcome = await self._support.join_by_number(
                    number, "web", page.address, None, page.language, company.code
                )
        except ApiError as problem:
            return self._entry_page(page, company, number, problem)
        return self._joined(page, welcome)

    async def invited(self, page: Page) -> Response:
        """The link of a text message: the entry page with the number filled in. Opening it does not use it up."""
        token = page.path["token"]
        try:
            number, company = await self._sms.invited_to(token)
        except ApiError as problem:
            held = self._page_tokens.claim_of(page.cookie or "")
            if problem.code == "LINK_USED" and await self._sms.is_link_of(token, held):
                return redirect("/join")
            raise
        phone = _os_of(page.user_agent) is None
        address = f"{'https' if page.secure else 'http'}://{page.host}{LINK_PATH}{token}"
        return rendered(page, "invited.html", number=number, company=company, phone=phone, address=address)

    async def enter_invited(self, page: Page) -> Response:
        """Goes on from there: uses the link up; consent follows as after every number."""
        return self._joined(page, await self._sms.enter(page.path["token"], page.address, page.language))

    def _joined(self, page: Page, welcome: Welcome) -> Response:
        cookie = self._page_tokens.issue(welcome.claim)
        return redirect("/join", {"Set-Cookie": self._cookie(page, cookie)})

    async def where_am_i(self, page: Page) -> Response:
        """Consent, download or status, by the session's state."""
        held = self._claim(page)
        session = await self._support.state_of(held)
        if session.ended_at is not None and session.connected_at is not None:
            return redirect(receipt.path(self._receipt_tokens.issue(held)))
        if session.state == State.JOINING:
            return await self._consent_page(page, session, [], False)
        offered = session.state == State.CONNECTING
        return rendered(
            page,
            "status.html",
            status=TEXTS[page.language][status_key(session.state)],
            offered=offered,
            choice=_os_of(page.user_agent),
            programs=self._programs,
            done=session.ended_at is not None,
        )

    async def consent(self, page: Page) -> Response:
        """CUST-CONSENT: not agreeing stops the flow; agreeing without the tick asks again."""
        held = self._claim(page)
        accepted = page.form.get("decision") == "agree"
        session = await self._support.state_of(held)
        fields = await self._db.read(lambda s: _fields_of(s, session.id))
        answers, missing = intake.answers_of(fields, page.form)
        unticked = page.form.get("read") != "yes"
        if accepted and session.state == State.JOINING and (unticked or missing):
            return await self._consent_page(page, session, missing, unticked)

        def keep(db: Session, row: SupportSession) -> None:
            if accepted and answers:
                intake.keep(db, self._now(), row, CUSTOMER, answers)

        await self._support.consent_on_page(held, accepted, _number(page.form.get("text", "")), page.address, keep)
        return redirect("/join")

    async def _consent_page(self, page: Page, session: SessionOut, missing: list[int], unticked: bool) -> Response:
        """What was typed is shown again."""
        text, scopes = await self._db.read(lambda s: _consent_of(s, session.id, page.language))
        return rendered(
            page,
            "consent.html",
            session=session,
            text=text,
            asked=asked_for(scopes, page.language),
            unticked=unticked,
            company=await self._name_of(session.id),
            fields=await self._db.read(lambda s: _fields_of(s, session.id)),
            typed=page.form,
            missing=missing,
            longest=intake.MAX_VALUE,
        )

    async def status(self, page: Page) -> Response:
        """For the page's script: state, sentence, whether it is over."""
        try:
            session = await self._support.state_of(self._claim(page))
        except ApiError:
            return Response(dump_json({"state": "NONE", "text": "", "done": True}), "application/json", 404)
        text = TEXTS[page.language][status_key(session.state)]
        body = {"state": session.state, "text": text, "done": session.ended_at is not None}
        return Response(dump_json(body), "application/json")

    # --- downloads --------------------------------------------------------------------------------------------------

    async def download_list(self, page: Page) -> Response:
        """CUST-LINKS: the access program without a number in it."""
        choice = _os_of(page.user_agent)
        return rendered(page, "download.html", programs=self._programs, packages=self._packages, choice=choice)

    async def package(self, page: Page) -> Response:
        """An installer for the firm's own PCs, by its name."""
        found = self._packages.get(page.path["name"])
        data = packages.content(found) if found is not None else None
        if data is None:
            raise ApiError("PROGRAM_MISSING")
        headers = {"Content-Disposition": f'attachment; filename="{page.path["name"]}"'}
        return Response(data, "application/octet-stream", headers=headers)

    async def antivirus(self, page: Page) -> Response:
        """What to do about a false alarm, with the hashes to compare."""
        hashes = [(program.file_name, program.sha256) for program in self._programs.values()]
        hashes += [(name, package.sha256) for name, package in self._packages.items()]
        return rendered(page, "antivirus.html", hashes=hashes)

    async def download(self, page: Page) -> Response:
        """CUST-DL, CUST-RUN: with a joined session the number travels in the connection file."""
        program = self._programs.get(page.path["os"])  # type: ignore[call-overload]
        if program is None:
            raise ApiError("PROGRAM_MISSING")
        token = await self._download_token(page)
        server = f"{'https' if page.secure else 'http'}://{page.host}"
        packed = programs.archive(program, programs.sidecar(server, self._ca, token))
        headers = {"Content-Disposition": f'attachment; filename="{packed.file_name}"'}
        return Response(packed.body, packed.content_type, headers=headers)

    async def _download_token(self, page: Page) -> str | None:
        """None: nobody has agreed yet, or the number was entered anew elsewhere; the program then asks for it."""
        try:
            held = self._claim(page)
            session = await self._support.state_of(held)
        except ApiError:
            return None
        return self._download_tokens.issue(held) if session.state == State.CONNECTING else None

    async def ca_file(self, _page: Page) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="wizhelper-ca.pem"'}
        return Response(self._ca or b"", "application/x-pem-file", headers=headers)

    async def style(self, _page: Page) -> Response:
        return Response(
            (STATIC / "join.css").read_bytes(), "text/css; charset=utf-8", headers={"Cache-Control": "no-cache"}
        )

    # --- parts ------------------------------------------------------------------------------------------------------

    async def _company(self, page: Page) -> Shown:
        code = page.path.get("company")
        if code is None:
            return Shown(None, "", "", PageMode.NUMBER, ())

        def work(session: Any) -> Shown:
            company = find_company(session, code)
            if company is None:
                raise ApiError("COMPANY_UNKNOWN")
            operators: tuple[tuple[int, str], ...] = ()
            if company.page_mode != PageMode.NUMBER:
                operators = tuple((a.id, a.display_name) for a in joining.waiting_operators(session, company.id))
            return Shown(company.code, company.name, company.contact, company.page_mode, operators)

        return await self._db.read(work)

    async def _name_of(self, session_id: str) -> str:
        return await self._db.read(lambda s: joining.company_name(s, session_id))

    def _claim(self, page: Page) -> Claim:
        found = self._page_tokens.claim_of(page.cookie or "")
        if found is None:
            raise ApiError("NOT_FOUND")
        return found

    def _entry_page(self, page: Page, company: Shown, number: str, problem: ApiError | None) -> Response:
        error = CATALOGUE[problem.code].text(page.language) if problem else None
        response = rendered(
            page,
            "entry.html",
            company=company,
            number=number[:20],
            error=error,
            code=problem.code if problem else "",
        )
        return response if problem is None else replace(response, status=problem.status)

    @staticmethod
    def _cookie(page: Page, value: str) -> str:
        secure = "; Secure" if page.secure else ""
        return f"{page.cookie_name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _consent_of(session: Any, session_id: str, language: Language) -> Any:
    row = joining.session_by_id(session, session_id)
    return joining.consent_text_for(session, row, language), joining.asked_scopes(session, row)


def _fields_of(db: Session, session_id: str) -> list[IntakeField]:
    return intake.fields_of(db, joining.session_by_id(db, session_id).company_id)


def _number(text: str) -> int | None:
    """A row's number from a form field that anybody may have written."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _os_of(user_agent: str) -> Os | None:
    """None: a phone or tablet, for which there is no program."""
    text = user_agent.lower()
    if any(word in text for word in ("android", "iphone", "ipad", "mobile")):
        return None
    if "mac os" in text or "macintosh" in text:
        return "mac"
    return "linux" if "linux" in text else "windows"
