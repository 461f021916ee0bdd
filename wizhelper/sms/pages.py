"""The address that a provider calls with delivery reports: /sms/callback/<the gateway's own random part>."""

from __future__ import annotations

from wizhelper.http.site import Page, Response, WebSite
from wizhelper.sms.outbox import Outbox
from wizhelper.sms.view import CALLBACK_PATH


def add_callback(site: WebSite, outbox: Outbox) -> None:
    async def callback(page: Page) -> Response:
        await outbox.callback(page.path["address"], page.headers, page.body, page.query)
        return Response(b"", "text/plain; charset=utf-8")

    site.add_page(CALLBACK_PATH + "<address>", callback, methods=("GET", "POST"))
