"""The programs of the agent release at hand, by their SHA-256: what registered devices fetch to replace themselves."""

from __future__ import annotations

from wizhelper.devices.releases import Release
from wizhelper.http.errors import ApiError
from wizhelper.http.site import Page, Response, WebSite

PATH = "/download/agent/"


def add_release_files(site: WebSite, release: Release | None) -> None:
    async def program(page: Page) -> Response:
        """Open to everybody, like the programs of the customer page: there is nothing secret in them."""
        content = release.programs.get(page.path["sha256"]) if release is not None else None
        if content is None:
            raise ApiError("PROGRAM_MISSING")
        return Response(content, "application/octet-stream")

    site.add_page(f"{PATH}<sha256>", program)
