"""Which rights a company's sessions ask the customer for: the defaults, changed by what the company has decided."""

from __future__ import annotations

from collections.abc import Mapping

RECORDED = "recording"
"""Agreed to with the rights where every session is recorded; no right that the agent knows."""

ALWAYS = ("view",)
"""Without it there is no remote support."""

DEFAULTS: Mapping[str, bool] = {
    "control": True,
    "clipboard": True,
    "chat": True,
    "information": True,
    "url": True,
    "command": False,
    "files": True,
    "draw": True,
    "terminal": False,
    "reboot": True,
    "print": True,
    "share": True,
}
"""Right -> whether it is asked for where the company has decided nothing; a right that a new version brings is not forgotten."""


def effective(decided: Mapping[str, bool]) -> dict[str, bool]:
    """Every right with its value, in the order of DEFAULTS. Unknown names, of another version, do nothing."""
    return {right: bool(decided.get(right, default)) for right, default in DEFAULTS.items()}


def scopes(decided: Mapping[str, bool]) -> list[str]:
    """What the customer is asked for."""
    return [*ALWAYS, *(right for right, asked in effective(decided).items() if asked)]
