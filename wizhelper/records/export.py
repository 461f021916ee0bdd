"""Tables as CSV and XLSX files. A cell never becomes a formula in the program that opens the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from wizhelper.http.api import Download
from wizhelper.http.errors import ApiError

MAX_ROWS = 50_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also the full-width signs, which East Asian spreadsheet programs read alike."""
#: What XML 1.0 cannot hold.
_NO_XML = {code: "�" for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: "�", 0xFFFF: "�"}
MAX_CELL = 32_000
Cell = str | int | float | None


def safe_text(text: str) -> str:
    """What spreadsheet programs would take for a formula begins with an apostrophe (CSV has no cell types)."""
    cut = text[:MAX_CELL].translate(_NO_XML)
    return "'" + cut if cut.lstrip(" ").startswith(FORMULA_STARTS) else cut


def table(name: str, kind: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Download:
    """`kind`: csv or xlsx. Raises ApiError("INVALID_FIELDS")."""
    if kind == "csv":
        return Download(f"{name}.csv", "text/csv; charset=utf-8", _csv(head, rows))
    if kind == "xlsx":
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return Download(f"{name}.xlsx", content_type, _xlsx(head, rows))
    raise ApiError("INVALID_FIELDS", fields={"format": "csv or xlsx"})


def _csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    for row in [head, *rows]:
        writer.writerow([safe_text(cell) if isinstance(cell, str) else cell for cell in row])
    # With the mark, or Excel takes Korean for the old code page.
    return out.getvalue().encode("utf-8-sig", "replace")


def _xlsx(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("WizHelper")

    def plain(value: Cell) -> object:
        if not isinstance(value, str):
            return value
        cell = WriteOnlyCell(sheet, safe_text(value))
        cell.data_type = "s"
        return cell

    for row in [head, *rows]:
        sheet.append([plain(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
