"""Query fields of every paged list."""

from __future__ import annotations

from wizhelper.http.api import Call
from wizhelper.http.errors import ApiError

MAX_PAGE = 200


def page_of(call: Call[None]) -> tuple[int, int]:
    """Query fields `page` (from 1) and `size`. Raises ApiError("INVALID_FIELDS")."""
    try:
        page, size = int(call.query.get("page", "1")), int(call.query.get("size", "50"))
    except ValueError:
        raise ApiError("INVALID_FIELDS", fields={"page": "a number"}) from None
    if not (1 <= page <= 1_000_000 and 1 <= size <= MAX_PAGE):
        raise ApiError("INVALID_FIELDS", fields={"size": f"1..{MAX_PAGE}"})
    return page, size
