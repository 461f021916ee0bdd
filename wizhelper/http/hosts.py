"""Which names this server answers to, and which browser origins may open its sockets. One check, no exceptions by mode."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>\d{1,5}))?")


class Hosts:
    """Names from --host and from the certificate. A name `*.example.com` covers one label, as in certificates."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(_canonical(name) for name in names)

    def allows(self, header: str | None) -> bool:
        """A Host header: well formed and one of our names, whatever the port (a proxy may use another)."""
        match = _HOST.fullmatch(header or "")
        if match is None or int(match["port"] or 0) > 65535:
            return False
        name = _canonical(match["name"].strip("[]"))
        return name in self.names or ("*." + name.partition(".")[2]) in self.names

    def same_origin(self, origin: str | None, host: str | None, secure: bool) -> bool:
        """Whether a browser's Origin is exactly the page that this very Host serves."""
        if not self.allows(host) or origin is None or host is None:
            return False
        return origin.lower() == f"{'https' if secure else 'http'}://{host}".lower()


def _canonical(name: str) -> str:
    lowered = name.strip().lower().rstrip(".")
    try:
        return str(ip_address(lowered))
    except ValueError:
        return lowered
