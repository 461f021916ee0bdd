"""Lists of records are filtered and sorted by the server; files hold the same rows and no formulas (ADM-REC-WORK)."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import update
from test_statistics import _fill, _one
from world import World

from wizhelper.records import export
from wizhelper.records.model import SupportSession

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("http://evil")']


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_formula(text: str) -> None:
    assert export.safe_text(text).startswith("'")


@pytest.mark.parametrize("text", ["", "PC-7", "a=b", "메모", "1-2"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert export.safe_text(text) == text


def test_a_memo_with_a_formula_and_control_signs_is_plain_text_in_both_files(world: World) -> None:
    _fill(world, [_one()])
    world.db.transact(lambda db: db.execute(update(SupportSession).values(memo="=cmd|' /C calc'!A0\x01")))
    boss = world.logged_in("boss")
    rows = list(csv.reader(io.StringIO(boss.api("GET", "/records/export?format=csv").body.decode("utf-8-sig"))))
    assert rows[1][12].startswith("'=cmd") and len(rows[0]) == len(rows[1])
    sheet = load_workbook(io.BytesIO(boss.api("GET", "/records/export?format=xlsx").body)).active
    cells = list(sheet.iter_rows())[1]
    assert cells[12].data_type == "s" and cells[12].value.startswith("'=cmd")


def test_an_export_that_is_too_large_is_refused_not_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(world, [_one(), _one()])
    monkeypatch.setattr(export, "MAX_ROWS", 1)
    assert world.logged_in("boss").api("GET", "/records/export").code == "EXPORT_TOO_LARGE"


def test_an_unknown_format_or_order_is_refused(world: World) -> None:
    boss = world.logged_in("boss")
    assert boss.api("GET", "/records/export?format=exe").code == "INVALID_FIELDS"
    assert boss.api("GET", "/records?sort=password").code == "INVALID_FIELDS"
    assert boss.api("GET", "/records?hour=3").code == "INVALID_FIELDS"


def test_records_are_sorted_and_paged_by_the_server(world: World) -> None:
    _fill(world, [_one(active_s=float(s)) for s in (50, 10, 30)])
    boss = world.logged_in("boss")
    pages = [boss.api("GET", f"/records?sort=duration&size=1&page={n}").json["items"][0]["active_s"] for n in (1, 2, 3)]
    assert pages == [10, 30, 50]
    assert [s["active_s"] for s in boss.api("GET", "/records?sort=-duration").json["items"]] == [50, 30, 10]


def test_records_are_filtered_by_the_days_of_the_company(world: World) -> None:
    """18:00 UTC on the 30th is the 31st in Seoul."""
    _fill(world, [_one(minutes=10 * 1440 + 18 * 60)])
    boss = world.logged_in("boss")
    assert boss.api("GET", "/records?from=2026-03-31&to=2026-03-31").json["total"] == 1
    assert boss.api("GET", "/records?from=2026-03-30&to=2026-03-30").json["total"] == 0
