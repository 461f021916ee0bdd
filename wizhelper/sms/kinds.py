"""The registry of providers: what an administrator can choose from."""

from __future__ import annotations

from wizhelper.sms.gateway import GatewayKind
from wizhelper.sms.http_kind import HttpKind

KINDS: dict[str, GatewayKind] = {
    "http": HttpKind(),
}
