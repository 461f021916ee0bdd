"""The one route decorator. A route says who may call it, what goes in and what comes out; all of it is in the OpenAPI.

    routes = Routes("sessions")

    @routes.post("/sessions/<uuid:id>/end", roles=OPERATORS, result=SessionOut)
    async def end(call: Call[None]) -> SessionOut: ...

A path is written as Werkzeug writes it, below /api/v1. A route without `roles` cannot be declared.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from wizhelper.http.errors import Language

PREFIX = "/api/v1"
MAX_BODY_BYTES = 64 * 1024


class Role(StrEnum):
    ADMIN = "admin"
    GROUP_ADMIN = "group_admin"
    OPERATOR = "operator"
    AUDITOR = "auditor"


PUBLIC: frozenset[Role] = frozenset()
ANYONE = frozenset(Role)
OPERATORS = frozenset({Role.OPERATOR})
ADMINS = frozenset({Role.ADMIN})
MANAGERS = frozenset({Role.ADMIN, Role.GROUP_ADMIN})
READERS = frozenset({Role.ADMIN, Role.GROUP_ADMIN, Role.AUDITOR})


class Model(BaseModel):
    """Parent of all bodies: unknown fields are refused, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the calendar") from None


#: A time with its zone, as UTC. A number of a row, as a table can hold it.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Caller:
    """Who is logged in. `login`: id of the login session; `csrf`: the token that unsafe requests must carry.

    With `must_change_password` (somebody else made the password) a caller may look, but act only on routes that are
    declared `before_new_password`.
    """

    account: int
    company: int
    role: Role
    login: int
    display_name: str
    csrf: str
    must_change_password: bool = False
    team: int | None = None

    @property
    def actor(self) -> str:
        """As records and the audit chain name who did something."""
        return f"account:{self.account}"


B = TypeVar("B")


@dataclass(frozen=True)
class Call(Generic[B]):
    """One request, checked. `body` is the route's model; `bearer` the token of an Authorization header, if one came."""

    body: B
    language: Language
    address: str
    user_agent: str
    host: str
    path: Mapping[str, Any]
    query: Mapping[str, str]
    bearer: str | None
    cookie: str | None
    who: Caller | None
    new_cookie: list[str | None] = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        """The logged-in caller of a route that is not PUBLIC."""
        assert self.who is not None
        return self.who


@dataclass(frozen=True)
class Download:
    """A file as a route's answer, to be saved and never shown. `name`: ASCII, without quotes."""

    name: str
    content_type: str
    data: bytes


Handler = Callable[[Call[Any]], Awaitable[BaseModel | Download | None]]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    roles: frozenset[Role]
    handler: Handler
    body: type[BaseModel] | None
    result: type[BaseModel] | None
    status: int
    tag: str
    summary: str
    max_bytes: int
    before_new_password: bool
    octets: bool = False


class Routes:
    """The routes of one domain."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Route] = []

    def get(self, path: str, **how: Any) -> Callable[[Handler], Handler]:
        return self._route("GET", path, **how)

    def post(self, path: str, **how: Any) -> Callable[[Handler], Handler]:
        return self._route("POST", path, **how)

    def put(self, path: str, **how: Any) -> Callable[[Handler], Handler]:
        return self._route("PUT", path, **how)

    def patch(self, path: str, **how: Any) -> Callable[[Handler], Handler]:
        return self._route("PATCH", path, **how)

    def delete(self, path: str, **how: Any) -> Callable[[Handler], Handler]:
        return self._route("DELETE", path, **how)

    def _route(
        self,
        method: str,
        path: str,
        *,
        roles: frozenset[Role],
        body: type[BaseModel] | None = None,
        result: type[BaseModel] | None = None,
        status: int | None = None,
        max_bytes: int = MAX_BODY_BYTES,
        before_new_password: bool = False,
        octets: bool = False,
    ) -> Callable[[Handler], Handler]:
        """`octets`: the body is bytes as they come, at most `max_bytes`, and `Call.body` has them."""

        def add(handler: Handler) -> Handler:
            summary = (handler.__doc__ or handler.__name__.replace("_", " ")).strip().splitlines()[0]
            known = status or (200 if result else 204)
            self.all.append(
                Route(
                    *(method, path, roles, handler, body, result, known, self.tag, summary, max_bytes),
                    before_new_password=before_new_password,
                    octets=octets,
                )
            )
            return handler

        return add
