"""What a request says, read with its limits: headers, cookie, address, query, form and JSON body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError
from twisted.web.http import Request

from wizhelper.http.api import Route
from wizhelper.http.errors import ApiError
from wizhelper.protocol import messages
from wizhelper.protocol.errors import RemoteProtocolError


def body(request: Request, route: Route) -> BaseModel | bytes | None:
    if route.octets:
        return _octets(request, route.max_bytes)
    if route.body is None:
        return None
    assert request.content is not None
    data = request.content.read(route.max_bytes + 1)
    if len(data) > route.max_bytes:
        raise ApiError("TOO_LARGE")
    if header(request, "Content-Type").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("BAD_REQUEST", details={"expected": "application/json"})
    try:
        value = messages.load_json(data, "BAD_REQUEST")
    except RemoteProtocolError:
        raise ApiError("BAD_REQUEST") from None
    if _has_nul(value):
        raise ApiError("BAD_REQUEST")
    try:
        # From text again: strict mode takes JSON's own types for dates and enums only from JSON.
        return route.body.model_validate_json(data) if isinstance(value, dict) else route.body.model_validate(value)
    except ValidationError as problem:
        fields = {".".join(str(p) for p in e["loc"]) or "body": e["msg"] for e in problem.errors()[:20]}
        raise ApiError("INVALID_FIELDS", fields=fields) from None


def _octets(request: Request, max_bytes: int) -> bytes:
    data = raw_body(request)
    if len(data) > max_bytes:
        raise ApiError("TOO_LARGE")
    return data


def _has_nul(value: Any) -> bool:
    """NUL is no text anywhere, and PostgreSQL does not store it."""
    if isinstance(value, dict):
        return any(_has_nul(v) for v in value.values())
    return any(map(_has_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


def header(request: Request, name: str) -> str:
    """One header's text, "" if it is missing, doubled or over-long. Bytes that are no text do no harm."""
    values = request.requestHeaders.getRawHeaders(name.encode(), [])
    return values[0].decode("utf-8", "replace").replace("\0", "") if len(values) == 1 and len(values[0]) <= 8192 else ""


def headers(request: Request) -> dict[str, str]:
    """Every header that came once and is not over-long, by its name in lower case."""
    names = [name.decode("latin-1").lower() for name, _ in request.requestHeaders.getAllRawHeaders()]
    return {name: text for name in names[:100] if (text := header(request, name))}


def raw_body(request: Request) -> bytes:
    """The bytes as they came, for what is signed; the site bounds their number."""
    if request.content is None:
        return b""
    request.content.seek(0)
    data: bytes = request.content.read()
    return data


def cookie(request: Request, name: str) -> str | None:
    for part in header(request, "Cookie").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and 20 <= len(value) <= 100:
            return value
    return None


def address(request: Request) -> str:
    host = request.getClientAddress()
    return str(getattr(host, "host", "local"))


def _first_values(raw: Mapping[bytes, list[bytes]]) -> dict[str, str]:
    found = {}
    for key, values in list(raw.items())[:40]:
        try:
            found[key.decode("utf-8")] = values[0].decode("utf-8")[:4096]
        except UnicodeDecodeError:
            raise ApiError("BAD_REQUEST") from None
    if _has_nul(list(found.values())):
        raise ApiError("BAD_REQUEST")
    return found


def query(request: Request) -> dict[str, str]:
    _, _, text = request.uri.partition(b"?")
    try:
        # As text: of bytes, parse_qs takes ASCII only, also behind the percent signs.
        fields = parse_qs(text.decode("ascii"), max_num_fields=40, errors="strict")
    except ValueError:
        raise ApiError("BAD_REQUEST") from None
    return _first_values({key.encode(): [value.encode() for value in values] for key, values in fields.items()})


def form(request: Request) -> dict[str, str]:
    kind = header(request, "Content-Type").partition(";")[0].strip().lower()
    return _first_values(request.args or {}) if kind == "application/x-www-form-urlencoded" else {}
