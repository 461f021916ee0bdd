"""The log of sessions on the PC: appended to, bounded, and no session fails for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from agent.device import diary as diary_module
from agent.device.diary import FILE, MAX_WAITING, OLDER, SHOWN, Diary, Visit


class Book:
    def __init__(self, folder: Path, max_file_bytes: int = 256 * 1024) -> None:
        self.now = 1000.0
        self.diary = Diary(folder, lambda: self.now, max_file_bytes)

    def visit(self, session: str, operator: str = "김상담", reason: str = "operator_ended") -> None:
        self.diary.began(session, operator)
        self.now += 60
        self.diary.ended(session, reason)
        self.now += 1


def test_it_says_who_was_there_from_when_until_when_and_how_it_ended(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.visit("one")
    book.diary.began("two", "이상담")
    again = Diary(tmp_path, lambda: 0.0)
    assert again.visits() == [
        Visit("이상담", 1061.0, None, ""),
        Visit("김상담", 1000.0, 1060.0, "operator_ended"),
    ]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_power_cut_tore_costs_that_line_only(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.visit("one")
    with (tmp_path / FILE).open("ab") as out:
        out.write(b'\n{"what":"began","at":10')
    book.visit("two", "이상담")
    assert [visit.operator for visit in book.diary.visits()] == ["이상담", "김상담"]


def test_it_stays_small_and_keeps_the_newest(tmp_path: Path) -> None:
    book = Book(tmp_path, max_file_bytes=4096)
    for number in range(200):
        book.visit(f"s{number}", f"op{number}")
    sizes = [(tmp_path / name).stat().st_size for name in (FILE, OLDER)]
    assert max(sizes) < 4096 + 300
    assert book.diary.visits()[0].operator == "op199"
    assert len(book.diary.visits()) <= SHOWN


class FullDisk:
    """Writes half of a line and then nothing, until there is `room`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = False
        self._write = os.write
        monkeypatch.setattr(diary_module.os, "write", self.write)

    def write(self, descriptor: int, data: bytes) -> int:
        if self.room:
            return self._write(descriptor, data)
        if len(data) > 20:
            return self._write(descriptor, data[:20])
        raise OSError(errno.ENOSPC, "full")


def test_a_full_disk_loses_nothing_that_fits_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    book = Book(tmp_path)
    book.visit("one")
    assert [visit.operator for visit in book.diary.visits()] == ["김상담"]
    assert (tmp_path / FILE).read_bytes() == b""
    disk.room = True
    book.visit("two", "이상담")
    assert [v.operator for v in Diary(tmp_path, lambda: 0.0).visits()] == ["이상담", "김상담"]


def test_what_waits_for_room_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FullDisk(monkeypatch)
    book = Book(tmp_path)
    for number in range(MAX_WAITING):
        book.visit(f"s{number}")
    waiting: Any = book.diary._waiting
    assert len(waiting) == MAX_WAITING


@pytest.mark.parametrize("data", [b"\x00\xff", b"[]", b'{"what":"began"}', b"x" * 100_000])
def test_a_file_of_nonsense_shows_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    assert Diary(tmp_path, lambda: 0.0).visits() == []
