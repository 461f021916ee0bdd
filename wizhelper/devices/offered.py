"""Which groups a PC is offered that is about to be registered (AG-GROUP-FIRST).

Whoever knows a company's code reads the names of its groups, as on a door sign. A restricted group and what is below it is named
only to those who hold an enrolment token; an administrator can still put any device into it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wizhelper.devices import rules
from wizhelper.devices.model import DeviceGroup, EnrolmentToken
from wizhelper.http.errors import ApiError
from wizhelper.settings.service import find_company

#: The agent reads no longer answers than 256 KB.
MAX_BYTES = 128 * 1024


def groups(db: Session, now: datetime, code: str, token: str | None) -> tuple[str, list[str]]:
    """-> the company's name, and paths such as "Head office/First floor" in order. The token is not used up.
    Raises ApiError: COMPANY_UNKNOWN, ENROLMENT_TOKEN."""
    company = find_company(db, code)
    if company is None:
        raise ApiError("COMPANY_UNKNOWN")
    if token is not None and not _good(db, now, company.id, token):
        raise ApiError("ENROLMENT_TOKEN")
    return company.name, fitting(paths(rules.groups_of(db, company.id), token is not None))


def paths(rows: list[DeviceGroup], restricted: bool) -> list[str]:
    """`restricted`: those, too."""
    by_id = {row.id: row for row in rows}
    found = []
    for row in rows:
        chain = _chain(by_id, row)
        if restricted or not any(each.restricted for each in chain):
            found.append("/".join(each.name for each in reversed(chain)))
    return sorted(found)


def _chain(by_id: dict[int, DeviceGroup], row: DeviceGroup) -> list[DeviceGroup]:
    """The group itself first, the root last."""
    chain = [row]
    while (above := by_id.get(chain[-1].parent_id or 0)) is not None and len(chain) <= rules.MAX_DEPTH:
        chain.append(above)
    return chain


def fitting(found: list[str]) -> list[str]:
    """The first of them, as many as an answer may carry."""
    kept, left = [], MAX_BYTES
    for path in found:
        left -= len(path.encode()) + 3
        if left < 0:
            break
        kept.append(path)
    return kept


def _good(db: Session, now: datetime, company: int, token: str) -> bool:
    row = db.scalar(select(EnrolmentToken).where(EnrolmentToken.token_hash == rules.hash_token(token)))
    return row is not None and row.company_id == company and row.expires_at > now and row.uses_left > 0
