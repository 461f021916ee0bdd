"""The pages have a word, in both languages, for every provider, field, state and code of our own. ADM-SMSCFG"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wizhelper.sms
from wizhelper.sms import delivery, exchange, pool, view
from wizhelper.sms.kinds import KINDS
from wizhelper.sms.model import OutboxState, Outcome

I18N = Path(wizhelper.sms.__file__).parents[2] / "web" / "src" / "shared" / "i18n"
FIELDS = {field.name for kind in KINDS.values() for field in view.described_kind(kind).fields}
CODES = {
    *(delivery.EXPIRED, delivery.NO_GATEWAY, delivery.INTERRUPTED, delivery.NO_ANSWER, delivery.UNSENDABLE),
    *(exchange.NOT_CONNECTED, exchange.ADDRESS_REFUSED, pool.SETTINGS_BROKEN, pool.NOT_OPEN),
}
FAMILIES = {
    "state": set(OutboxState),
    "state_help": set(OutboxState),
    "outcome": set(Outcome),
    "kinds": set(KINDS),
    "field": FIELDS,
    "code": CODES,
}


def words(language: str, family: str) -> set[str]:
    text = (I18N / f"sms-{language}.ts").read_text("utf-8")
    found = re.search(rf"^  {family}: \{{(.*?)\}},$", text, re.S | re.M)
    assert found, family
    return set(re.findall(r"(?:^|[,{{])\s*(\w+):\s", found[1], re.M))


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("family", FAMILIES)
def test_there_is_a_word_for_each(language: str, family: str) -> None:
    assert {str(code) for code in FAMILIES[family]} - words(language, family) == set()


def test_every_provider_has_a_form_of_fields_that_the_page_knows() -> None:
    for name, kind in KINDS.items():
        shown = view.described_kind(kind)
        assert shown.name == name and shown.fields
        assert {field.type for field in shown.fields} <= {"text", "lines", "number", "switch", "choice", "secret"}
