"""Every refusal that the code can give has a sentence and a next step in both languages, and a place in the API's document."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from world import World

import wizhelper
from wizhelper.http.api import PREFIX, PUBLIC
from wizhelper.http.errors import CATALOGUE, LANGUAGES, ApiError

SOURCES = sorted(Path(wizhelper.__file__).parent.rglob("*.py"))


def _codes(path: Path) -> set[str]:
    """Texts inside the parentheses of ApiError(...)."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ApiError" and node.args:
            parts = [n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)]
            found |= {p for p in parts if isinstance(p, str)}
    return found


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = {code for path in SOURCES for code in _codes(path)}
    assert len(raised) > 25
    assert raised <= set(CATALOGUE)


def test_every_code_of_the_catalogue_is_used() -> None:
    text = "\n".join(p.read_text() for p in SOURCES if not p.name.endswith("errors.py"))
    assert {code for code in CATALOGUE if f'"{code}"' not in text} == set()


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_a_sentence_and_a_next_step_in_both_languages(code: str) -> None:
    entry = CATALOGUE[code]
    assert 400 <= entry.status < 600
    for language in LANGUAGES:
        words = entry.text(language)
        assert words.message and words.next_step and words.message.endswith(".")
        assert bool(re.search("[가-힣]", words.message + words.next_step)) == (language == "ko")
    assert ApiError(code).body("ko")["error"]["code"] == code


def test_the_document_of_the_api_is_valid_openapi_3_1(still_world: World) -> None:
    document = still_world.browser().get(PREFIX + "/openapi.json").json
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_covers_the_whole_table_and_nothing_else(still_world: World) -> None:
    document = still_world.browser().get(PREFIX + "/openapi.json").json
    written = {(m.upper(), p) for p, methods in document["paths"].items() for m in methods}
    table = {(r.method, PREFIX + re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", r.path)) for r in still_world.web.routes}
    assert written == table
    for route in still_world.web.routes:
        path = PREFIX + re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", route.path)
        operation = document["paths"][path][route.method.lower()]
        assert operation.get("x-roles", []) == sorted(route.roles)
        assert ("security" in operation) == (route.roles != PUBLIC)
        assert operation["summary"] and str(route.status) in operation["responses"]


def test_operations_have_names_of_their_own(still_world: World) -> None:
    document = still_world.browser().get(PREFIX + "/openapi.json").json
    names = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    assert len(names) == len(set(names))
