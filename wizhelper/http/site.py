"""The web site: Klein behind the route table, pages, static files, security headers, and /ws beside them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from klein import Klein
from pydantic import BaseModel
from twisted.logger import Logger
from twisted.web.http import Request
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request as TwistedRequest
from twisted.web.server import Site
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import IntegerConverter, Map
from zope.interface import implementer

from wizhelper.http import openapi, reading
from wizhelper.http.api import PREFIX, PUBLIC, Call, Caller, Download, Route
from wizhelper.http.errors import ApiError, Language, language_of
from wizhelper.http.hosts import Hosts
from wizhelper.http.sending import send
from wizhelper.protocol import messages
from wizhelper.store.database import StoreBusy, StoreFull

log = Logger()

COOKIE = "__Host-wizhelper"
PLAIN_COOKIE = "wizhelper"
MAX_HEADER_TEXT = 400
MAX_ROW_ID = 2**31 - 1

SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": Chromium would then send `Origin: null` with the customer page's own forms.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), payment=(), usb=(), keyboard-map=(self), fullscreen=(self), "
    "clipboard-read=(self), clipboard-write=(self)",
    "Cache-Control": "no-store",
}


def content_security_policy(nonce: str | None = None) -> str:
    styles = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    scripts = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src 'self' blob: data:; font-src 'self'; "
        "media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; object-src 'none'; "
        "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types vue wizhelper-worker"
    )


@dataclass(frozen=True)
class Response:
    """What a page handler gives back."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A request for a page or file. `form`: fields of a POST, one value each. `headers`: names in lower case."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    language: Language
    address: str
    user_agent: str
    host: str
    secure: bool
    cookie: str | None
    cookie_name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


PageHandler = Callable[[Page], Awaitable[Response]]


class Authenticator(Protocol):
    """Given by accounts: cookie -> who is logged in (None: nobody, or expired)."""

    async def __call__(self, cookie: str, address: str) -> Caller | None: ...


class WebSite:
    """Collects routes and pages, then gives the twisted.web Site."""

    def __init__(self, hosts: Hosts, authenticate: Authenticator, secure: bool, max_request_bytes: int) -> None:
        self._max_request_bytes = max_request_bytes
        self._hosts = hosts
        self._authenticate = authenticate
        self._secure = secure
        self.routes: list[Route] = []
        self._app = Klein()
        # A path has one spelling: no merged slashes, no added ones (setup-page tricks live from such leniency).
        self._app.url_map.merge_slashes = False
        self._app.url_map.converters["int"] = _RowId
        self._app.handle_errors(HTTPException)(self._routing_error)  # type: ignore[arg-type]
        self._app.handle_errors(Exception)(self._unexpected)  # type: ignore[arg-type]

    @property
    def cookie_name(self) -> str:
        return COOKIE if self._secure else PLAIN_COOKIE

    @property
    def join_cookie_name(self) -> str:
        """The customer's: where he stands, signed; no login."""
        return COOKIE + "-join" if self._secure else PLAIN_COOKIE + "-join"

    def add_routes(self, routes: Iterable[Route]) -> None:
        for route in routes:
            self.routes.append(route)
            self._app.route(PREFIX + route.path, methods=[route.method], endpoint=f"{route.method} {route.path}")(
                self._api_view(route)
            )

    def add_page(self, path: str, handler: PageHandler, methods: tuple[str, ...] = ("GET", "HEAD")) -> None:
        async def view(request: Request, **params: str) -> bytes:
            try:
                page = self._page(request, params)
                return await send(request, _write(request, await handler(page)))
            except ApiError as problem:
                return _refuse(request, problem)

        self._app.route(path, methods=list(methods), endpoint=f"page {methods[0]} {path}")(view)

    def add_openapi(self) -> None:
        text = messages.dump_json(openapi.document(self.routes))

        async def serve(_page: Page) -> Response:
            return Response(text, "application/json")

        self.add_page(PREFIX + "/openapi.json", serve)

    def site(self, sockets: Mapping[bytes, IResource]) -> Site:
        site = _QuietSite(_Root(cast(IResource, self._app.resource()), sockets, self._hosts))
        site.displayTracebacks = False
        site.requestFactory = _bounded(self._max_request_bytes)
        return site

    # --- requests ---------------------------------------------------------------------------------------------------

    def _api_view(self, route: Route) -> Callable[..., Awaitable[bytes]]:
        async def view(request: Request, **params: Any) -> bytes:
            try:
                call = await self._call(request, route, params)
                result = await route.handler(call)
                self._set_cookies(request, call)
                return await send(request, _write_model(request, route, result))
            except ApiError as problem:
                return _refuse(request, problem)

        return view

    async def _call(self, request: Request, route: Route, params: Mapping[str, Any]) -> Call[Any]:
        cookie = reading.cookie(request, self.cookie_name)
        address = reading.address(request)
        who = await self._authenticate(cookie, address) if cookie else None
        if route.roles != PUBLIC:
            _authorize(request, route, who)
        if route.method != "GET":
            self._refuse_cross_site(request)
        authorization = reading.header(request, "Authorization")
        return Call(
            body=reading.body(request, route),
            language=language_of(reading.header(request, "Accept-Language")),
            address=address,
            user_agent=reading.header(request, "User-Agent")[:MAX_HEADER_TEXT],
            host=reading.header(request, "Host"),
            path=params,
            query=reading.query(request),
            bearer=authorization[7:] if authorization.startswith("Bearer ") else None,
            cookie=cookie,
            who=who,
        )

    def _page(self, request: Request, params: Mapping[str, str]) -> Page:
        if request.method not in (b"GET", b"HEAD"):
            self._refuse_cross_site(request)
        query = reading.query(request)
        chosen = query.get("lang")
        return Page(
            path=params,
            query=query,
            form=reading.form(request),
            language=chosen if chosen in ("ko", "en") else language_of(reading.header(request, "Accept-Language")),  # type: ignore[arg-type]
            address=reading.address(request),
            user_agent=reading.header(request, "User-Agent")[:MAX_HEADER_TEXT],
            host=reading.header(request, "Host"),
            secure=self._secure,
            cookie=reading.cookie(request, self.join_cookie_name),
            cookie_name=self.join_cookie_name,
            headers=reading.headers(request),
            body=reading.raw_body(request),
        )

    def _refuse_cross_site(self, request: Request) -> None:
        """Browsers say where a request comes from; a program that says nothing carries no stolen cookie."""
        if reading.header(request, "Sec-Fetch-Site") not in ("", "same-origin", "none"):
            raise ApiError("CROSS_SITE")
        origin = reading.header(request, "Origin")
        if origin and not self._hosts.same_origin(origin, reading.header(request, "Host"), self._secure):
            raise ApiError("CROSS_SITE")

    def _set_cookies(self, request: Request, call: Call[Any]) -> None:
        for value in call.new_cookie:
            life = "; Max-Age=0" if value is None else ""
            secure = "; Secure" if self._secure else ""
            text = f"{self.cookie_name}={value or ''}; Path=/; HttpOnly; SameSite=Lax{secure}{life}"
            request.responseHeaders.addRawHeader("Set-Cookie", text)

    # --- errors -----------------------------------------------------------------------------------------------------

    def _routing_error(self, request: Request, failure: Any) -> bytes:
        code = "METHOD_NOT_ALLOWED" if failure.check(MethodNotAllowed) else "NOT_FOUND"
        return _refuse(request, ApiError(code))

    def _unexpected(self, request: Request, failure: Any) -> bytes:
        known = {StoreBusy: "STORE_BUSY", StoreFull: "STORE_FULL"}.get(failure.type)
        if known is None:
            log.failure("Request failed: {method} {path}", failure, method=request.method, path=request.path)
        else:
            log.error("Store refused: {code}", code=known)
        return _refuse(request, ApiError(known or "INTERNAL"))


class _QuietSite(Site):
    """Twisted's access log would write whole URLs; ours has the path alone, and only for those who ask for detail."""

    def log(self, request: Any) -> None:
        path = request.path.decode("ascii", "backslashreplace")[:MAX_HEADER_TEXT]
        log.debug("{method} {path} {status}", method=request.method.decode(), path=path, status=request.code)


class _RowId(IntegerConverter):
    """`<int:…>` in a path: a number that a table can hold, in its one spelling. Any other is no address at all."""

    regex = "[1-9][0-9]{0,9}"

    def __init__(self, url_map: Map, max: int = MAX_ROW_ID) -> None:
        super().__init__(url_map, max=max)


def _refuse(request: Request, problem: ApiError) -> bytes:
    body = messages.dump_json(problem.body(language_of(reading.header(request, "Accept-Language"))))
    headers = {}
    if problem.details and "retry_after_s" in problem.details:
        headers["Retry-After"] = str(problem.details["retry_after_s"])
    return _write(request, Response(body, "application/json", problem.status, headers))


def _bounded(max_bytes: int) -> type[TwistedRequest]:
    """A request class that drops the connection before an over-long body is stored, announced or not."""

    class BoundedRequest(TwistedRequest):
        received = 0

        def gotLength(self, length: int | None) -> None:
            if length is not None and length > max_bytes:
                self.channel.loseConnection()
            super().gotLength(min(length, max_bytes) if length is not None else None)

        def handleContentChunk(self, data: bytes) -> None:
            self.received += len(data)
            if self.received > max_bytes:
                self.channel.loseConnection()
                return
            super().handleContentChunk(data)

    return BoundedRequest


class _Refusal(Resource):
    """What is refused before it reaches Klein looks as if Klein had refused it."""

    isLeaf = True

    def __init__(self, code: str) -> None:
        super().__init__()
        self._code = code

    def render(self, request: Request) -> bytes:
        return _refuse(request, ApiError(self._code))


@implementer(IResource)
class _Root(Resource):
    """Everything goes to Klein, except the sockets, which live below /ws under exactly their names."""

    def __init__(self, app: IResource, sockets: Mapping[bytes, IResource], hosts: Hosts) -> None:
        super().__init__()
        self._app = app
        self._sockets = sockets
        self._hosts = hosts

    def getChild(self, name: bytes, request: Any) -> IResource:
        if not self._hosts.allows(reading.header(request, "Host")):
            return _Refusal("WRONG_HOST")
        problem = _misspelt(request)
        if problem is not None:
            return _Refusal(problem)
        if name == b"ws":
            return self._socket(request)
        request.prepath.pop()
        request.postpath.insert(0, name)
        return self._app

    def _socket(self, request: Any) -> IResource:
        found = self._sockets.get(request.postpath[0]) if len(request.postpath) == 1 else None
        if found is None:
            return _Refusal("NOT_FOUND")
        return found if reading.header(request, "Upgrade").lower() == "websocket" else _Refusal("BAD_REQUEST")


def _misspelt(request: Any) -> str | None:
    """A path has one spelling: twisted would take //api and api%2fv1 for /api/v1, and Klein wants UTF-8."""
    path = request.path.lower()
    try:
        for part in request.prepath + request.postpath:
            part.decode("utf-8")
    except UnicodeDecodeError:
        return "BAD_REQUEST"
    return "NOT_FOUND" if b"//" in path or b"%2f" in path or b"%00" in path else None


def _authorize(request: Request, route: Route, who: Caller | None) -> None:
    if who is None:
        raise ApiError("LOGIN_REQUIRED")
    if who.role not in route.roles:
        raise ApiError("FORBIDDEN")
    if route.method != "GET" and not secrets.compare_digest(
        reading.header(request, "X-CSRF-Token").encode(), who.csrf.encode()
    ):
        raise ApiError("CSRF")
    if who.must_change_password and route.method != "GET" and not route.before_new_password:
        raise ApiError("PASSWORD_CHANGE_FIRST")


def _write_model(request: Request, route: Route, result: BaseModel | Download | None) -> bytes:
    if isinstance(result, Download):
        as_file = {"Content-Disposition": f'attachment; filename="{result.name}"'}
        return _write(request, Response(result.data, result.content_type, 200, as_file))
    if result is None:
        return _write(request, Response(b"", "application/json", route.status))
    return _write(request, Response(result.model_dump_json().encode(), "application/json", route.status))


def _write(request: Request, response: Response) -> bytes:
    """Status and headers; -> the body that is to follow."""
    request.setResponseCode(response.status)
    request.responseHeaders.removeHeader(b"Server")  # names twisted's version
    headers = {
        "Content-Security-Policy": content_security_policy(),
        **SECURITY_HEADERS,
        "Content-Type": response.content_type,
        **response.headers,
    }
    for name, value in headers.items():
        request.responseHeaders.setRawHeaders(name, [value])
    return b"" if request.method == b"HEAD" else response.body
