"""Names of files that come from elsewhere: what becomes a name on this PC is one name of one folder (E6)."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.features.files.names import MAX_NAME_BYTES, existing_name, new_name, numbered
from agent.features.files.trouble import FileTroubleError

HOSTILE = [
    "",
    ".",
    "..",
    "...",
    "../etc/passwd",
    "..\\windows",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "C:",
    "C:\\x",
    "file.txt:stream",
    "file.txt::$DATA",
    "a*b",
    "a?b",
    'a"b',
    "a<b",
    "a>b",
    "a|b",
    "trailing.",
    "trailing ",
    " leading",
    "nul",
    "NUL.txt",
    "con",
    "CON .txt",
    "aux.c",
    "PRN",
    "com1",
    "COM1.log",
    "COM¹",
    "lpt9.x.y",
    "LPT³.txt",
    "conin$",
    "CLOCK$",
    "a\0b",
    "a\nb",
    "a\x1bb",
    "a\x7fb",
    "invoice\u202efdp.exe",
    "a\u2066b",
    "a\u200eb",
    "a\ufeffb",
    "a\u2028b",
    "\ud800",
    "a\udc80",
    "\ue000",
    ".wizhelper-0.part",
    ".WizHelper-0.ledger",
    "x" * 256,
    "가" * 86,
]
FINE = ["a", "보고서 2026.hwp", ".bashrc", "a..b", "com10", "nulls", "console.log", "👩\u200d🔧.png", "x" * 255, "가" * 85, "~$x.doc"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(name: str) -> None:
    with pytest.raises(FileTroubleError, match="BAD_NAME"):
        new_name(name)


@pytest.mark.parametrize("name", FINE)
def test_an_ordinary_name_stays(name: str) -> None:
    assert new_name(name) == name


def test_a_name_in_pieces_is_composed() -> None:
    """What a Mac sends as jamo is one syllable on the PC; the length counts after that."""
    assert new_name(unicodedata.normalize("NFD", "한글.txt")) == "한글.txt"
    assert new_name(unicodedata.normalize("NFD", "가" * 85)) == "가" * 85


@settings(max_examples=2000, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whatever_is_accepted_stays_in_its_folder(name: str) -> None:
    folder = Path("/base")
    try:
        fine = new_name(name)
    except FileTroubleError:
        return
    assert (folder / fine).parent == folder and (folder / fine).name == fine
    assert len(fine.encode()) <= MAX_NAME_BYTES


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0"])
def test_what_is_there_is_named_by_one_name_only(name: str) -> None:
    with pytest.raises(FileTroubleError):
        existing_name(name, windows=False)


def test_on_windows_streams_and_backslashes_are_no_names_either() -> None:
    assert existing_name("a:b", windows=False) == "a:b"
    for name in ("a:b", "a\\b"):
        with pytest.raises(FileTroubleError):
            existing_name(name, windows=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.txt", "a (2).txt"), ("a", "a (2)"), (".rc", ".rc (2)"), ("a.tar.gz", "a.tar (2).gz")],
)
def test_a_second_one_gets_a_number(name: str, expected: str) -> None:
    assert numbered(name, 2) == expected


def test_a_long_name_with_a_number_still_fits() -> None:
    for name in ("가" * 83 + ".hwp", "x" * 255, "a." + "x" * 253):
        assert new_name(numbered(name, 12)) and len(numbered(name, 12).encode()) <= MAX_NAME_BYTES
