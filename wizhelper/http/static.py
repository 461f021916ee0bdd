"""The built web apps: read into memory at start, so that no request ever names a path of the disk."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Mapping
from pathlib import Path

from wizhelper.http.errors import ApiError
from wizhelper.http.site import Page, Response, WebSite, content_security_policy

NONCE_MARK = b"__CSP_NONCE__"
IMMUTABLE = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".wasm": "application/wasm"}


def load(folder: Path) -> Mapping[str, bytes]:
    """Relative path with "/" -> content. Empty when nothing has been built."""
    if not folder.is_dir():
        return {}
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def add_web_apps(site: WebSite, files: Mapping[str, bytes]) -> None:
    """/static/… are the files; /manager… is the console, /manager/admin… the admin web (both route by themselves)."""

    async def static(page: Page) -> Response:
        name = page.path["path"]
        content = files.get(name)
        if content is None or name.endswith(".html"):
            raise ApiError("NOT_FOUND")
        kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        # Only names with a content hash may be kept for ever.
        cache = IMMUTABLE if "-" in Path(name).stem else "no-cache"
        return Response(content, kind, headers={"Cache-Control": cache})

    async def console(_page: Page) -> Response:
        return _app(files, "console.html")

    async def admin(_page: Page) -> Response:
        return _app(files, "admin.html")

    site.add_page("/static/<path:path>", static)
    # The apps' own routers write a trailing slash; a reload must find the same page.
    site.add_page("/manager", console)
    site.add_page("/manager/", console)
    site.add_page("/manager/admin/", admin)
    site.add_page("/manager/<path:path>", console)
    site.add_page("/manager/admin", admin)
    site.add_page("/manager/admin/<path:path>", admin)


def _app(files: Mapping[str, bytes], name: str) -> Response:
    if name not in files:
        raise ApiError("NOT_FOUND", details={"reason": "the web apps are not built: run `make web`"})
    nonce = secrets.token_urlsafe(16)
    headers = {"Content-Security-Policy": content_security_policy(nonce)}
    return Response(files[name].replace(NONCE_MARK, nonce.encode()), headers=headers)
