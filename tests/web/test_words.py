"""The console has a word, in both languages, for every code that the server can send."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from wizhelper.accounts.model import LoginResult, LogoutReason
from wizhelper.admin import ACTOR
from wizhelper.devices import rules as device_rules
from wizhelper.protocol.live import Step
from wizhelper.records import acts
from wizhelper.settings import rights
from wizhelper.support import rules, sharing_rules
from wizhelper.support.states import EndReason, State, SuspendedReason, Trigger

I18N = Path(__file__).parent.parent.parent / "web" / "src" / "shared" / "i18n"

#: Events that are no transitions; see records/events.append in support/rules.py.
OTHER_EVENTS = (
    *("created", "program_started", "control_opened", "abuse_reported"),
    *("survey_answered", "invited", "reboot_called_off", "intake_kept"),
    *("recording_finished", "recording_abandoned"),
)
REBOOT_EVENTS = [f"reboot_{step}" for step in Step]

FAMILIES: dict[str, Iterable[str]] = {
    "end_reason": EndReason,
    "login_result": LoginResult,
    "out_reason": LogoutReason,
    "result": rules.RESULTS,
    "actor": [rules.CUSTOMER, rules.SERVER, acts.AGENT, device_rules.DEVICE, ACTOR],
    "event": [*(t for t in Trigger), *OTHER_EVENTS, *REBOOT_EVENTS, *sharing_rules.EVENTS, *acts.ACTS, acts.OVERFLOW],
    "right": rights.DEFAULTS,
}


def words(language: str) -> str:
    return "\n".join(path.read_text() for path in sorted(I18N.glob(f"*{language}.ts")))


def family(language: str, name: str) -> set[str]:
    text = words(language)
    body = re.search(rf"^  {name}: \{{(.*?)\}},$", text, re.S | re.M)
    assert body, name
    return set(re.findall(r"(?:^|[,{{])\s*(\w+): '", body[1], re.M))


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_code_of_the_server_has_a_word(language: str, name: str) -> None:
    assert family(language, name) == {str(code) for code in FAMILIES[name]}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_state_has_a_word(language: str) -> None:
    text = words(language)
    for code in [*State, *SuspendedReason]:
        assert re.search(rf"\b{code}: '", text), code
