"""A file on its way to the PC: continued after any break, never half in place, never outside its folder. FT-PANES"""

from __future__ import annotations

import errno
import hashlib
import os
import unicodedata
from pathlib import Path

import pytest

from agent.features.files import incoming as feature
from agent.features.files.incoming import Incoming, InUse, Wanted
from agent.features.files.outgoing import Outgoing
from agent.features.files.trouble import FileTroubleError, code_of

DATA = bytes(range(256)) * 400
SUM = hashlib.sha256(DATA).hexdigest()
TIME_MS = 1_700_000_000_000


def wanted(folder: Path, *names: str, conflict: str = "ask", size: int = len(DATA)) -> Wanted:
    return Wanted(str(folder), names or ("a.bin",), size, TIME_MS, conflict)


def begin(wish: Wanted, in_use: InUse | None = None) -> Incoming:
    return Incoming(wish, in_use or InUse())


def bring(wish: Wanted) -> Incoming:
    file = begin(wish)
    file.write(file.offset, DATA[file.offset :])
    file.finish(SUM)
    return file


def names_in(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def left_over(folder: Path) -> list[str]:
    return [name for name in names_in(folder) if name.startswith(".wizhelper")]


def test_a_whole_file_is_in_its_place_with_its_time_and_nothing_beside_it(tmp_path: Path) -> None:
    file = bring(wanted(tmp_path, "폴더", "안", "a.bin"))
    there = tmp_path / "폴더" / "안" / "a.bin"
    assert file.path == str(there) and there.read_bytes() == DATA
    assert there.stat().st_mtime == TIME_MS / 1000
    assert names_in(there.parent) == ["a.bin"]


def test_an_empty_file_is_a_file_too(tmp_path: Path) -> None:
    file = begin(wanted(tmp_path, size=0))
    file.finish(hashlib.sha256().hexdigest())
    assert (tmp_path / "a.bin").read_bytes() == b""


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = begin(wanted(tmp_path))
    first.write(0, DATA[:5000])
    first.close()
    assert not (tmp_path / "a.bin").exists()
    second = begin(wanted(tmp_path))
    assert second.offset == 5000
    second.write(5000, DATA[5000:])
    second.finish(SUM)
    assert (tmp_path / "a.bin").read_bytes() == DATA and left_over(tmp_path) == []


def test_after_a_power_cut_it_goes_on_where_the_disk_is_certain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes beyond the ledger are not believed, whatever the length of the part says."""
    monkeypatch.setattr(feature, "SYNC_BYTES", 4096)
    first = begin(wanted(tmp_path))
    first.write(0, DATA[:4096])
    first.write(4096, DATA[4096:6000])
    (part,) = [name for name in left_over(tmp_path) if name.endswith(".part")]
    with (tmp_path / part).open("r+b") as torn:
        torn.seek(4500)
        torn.write(b"\0" * 5000)
    second = begin(wanted(tmp_path))
    assert second.offset == 4096
    second.write(4096, DATA[4096:])
    second.finish(SUM)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_another_file_of_that_name_does_not_continue_this_one(tmp_path: Path) -> None:
    first = begin(wanted(tmp_path))
    first.write(0, DATA[:5000])
    first.close()
    assert begin(wanted(tmp_path, size=len(DATA) + 1)).offset == 0


def test_a_torn_ledger_counts_as_none(tmp_path: Path) -> None:
    first = begin(wanted(tmp_path))
    first.write(0, DATA[:5000])
    first.close()
    (ledger,) = [name for name in left_over(tmp_path) if name.endswith(".ledger")]
    (tmp_path / ledger).write_bytes(b"\xff\0")
    assert begin(wanted(tmp_path)).offset == 0


def test_a_wrong_sum_throws_everything_away(tmp_path: Path) -> None:
    file = begin(wanted(tmp_path))
    file.write(0, DATA)
    with pytest.raises(FileTroubleError, match="HASH"):
        file.finish("0" * 64)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("offset", [1, 10**9])
def test_data_out_of_place_is_refused(tmp_path: Path, offset: int) -> None:
    file = begin(wanted(tmp_path))
    with pytest.raises(FileTroubleError):
        file.write(offset, b"x")
    file.close()


def test_more_data_than_was_said_is_refused(tmp_path: Path) -> None:
    file = begin(wanted(tmp_path, size=3))
    with pytest.raises(FileTroubleError):
        file.write(0, b"four")
    file.close()


def test_what_is_there_is_asked_about_replaced_doubled_or_left(tmp_path: Path) -> None:
    there = tmp_path / "a.bin"
    there.write_bytes(b"old")
    there.chmod(0o640)
    with pytest.raises(FileTroubleError, match="EXISTS"):
        begin(wanted(tmp_path))
    with pytest.raises(FileTroubleError, match="SKIPPED"):
        begin(wanted(tmp_path, conflict="skip"))
    assert bring(wanted(tmp_path, conflict="keep_both")).path == str(tmp_path / "a (2).bin")
    assert there.read_bytes() == b"old"
    bring(wanted(tmp_path, conflict="replace"))
    assert there.read_bytes() == DATA and there.stat().st_mode & 0o777 == 0o640
    assert names_in(tmp_path) == ["a (2).bin", "a.bin"]


def test_what_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = begin(wanted(tmp_path))
    file.write(0, DATA)
    (tmp_path / "a.bin").write_bytes(b"quicker")
    file.finish(SUM)
    assert (tmp_path / "a.bin").read_bytes() == b"quicker"
    assert file.path == str(tmp_path / "a (2).bin") and (tmp_path / "a (2).bin").read_bytes() == DATA


def test_a_name_in_pieces_is_the_same_name(tmp_path: Path) -> None:
    (tmp_path / unicodedata.normalize("NFD", "한글.txt")).write_bytes(b"old")
    with pytest.raises(FileTroubleError, match="EXISTS"):
        begin(wanted(tmp_path, "한글.txt"))
    bring(wanted(tmp_path, "한글.txt", conflict="replace"))
    assert len(names_in(tmp_path)) == 1


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(FileTroubleError, match="NOT_A_FILE"):
        begin(wanted(tmp_path, conflict="replace"))


def test_a_link_on_the_way_does_not_lead_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    base = tmp_path / "base"
    base.mkdir()
    (base / "sub").symlink_to(outside)
    with pytest.raises(FileTroubleError, match="LINK"):
        begin(wanted(base, "sub", "a.bin"))
    assert names_in(outside) == []


def test_a_link_in_the_target_s_place_is_replaced_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"precious")
    base = tmp_path / "base"
    base.mkdir()
    (base / "a.bin").symlink_to(outside)
    bring(wanted(base, conflict="replace"))
    assert outside.read_bytes() == b"precious" and not (base / "a.bin").is_symlink()


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_a_link_in_the_part_s_place_is_not_written_to(tmp_path: Path, kind: str) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    base = tmp_path / "base"
    base.mkdir()
    probe = begin(wanted(base))
    probe.write(0, b"x")
    probe.close()
    (part,) = [name for name in left_over(base) if name.endswith(".part")]
    (base / part).unlink()
    (base / part).symlink_to(precious) if kind == "symlink" else os.link(precious, base / part)
    bring(wanted(base))
    assert precious.read_bytes() == b"precious" and (base / "a.bin").read_bytes() == DATA


def test_nobody_writes_the_same_file_twice_at_once(tmp_path: Path) -> None:
    in_use = InUse()
    first = begin(wanted(tmp_path), in_use)
    with pytest.raises(FileTroubleError, match="BUSY"):
        begin(wanted(tmp_path), in_use)
    first.close()
    begin(wanted(tmp_path), in_use).close()


def test_more_than_the_disk_has_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileTroubleError, match="DISK_FULL"):
        begin(wanted(tmp_path, size=2**52))


def test_a_disk_that_fills_up_meanwhile_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = begin(wanted(tmp_path))
    file.write(0, DATA[:5000])
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 1000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError) as problem:
        file.write(5000, DATA[5000:])
    assert code_of(problem.value) == "DISK_FULL"
    file.close()
    monkeypatch.setattr(os, "write", real)
    assert begin(wanted(tmp_path)).offset == 5000


def test_parts_that_nobody_came_back_for_are_swept(tmp_path: Path) -> None:
    old = tmp_path / ".wizhelper-0.part"
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    bring(wanted(tmp_path))
    assert names_in(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("folder", ["relative", "", "/no/such/folder", "/etc/passwd", "/\0"])
def test_a_place_that_is_none_is_refused(folder: str) -> None:
    with pytest.raises((FileTroubleError, OSError)) as problem:
        begin(Wanted(folder, ("a",), 1, 0, "ask"))
    assert code_of(problem.value) in ("NOT_FOUND", "NOT_A_FOLDER")


def test_a_file_is_read_to_its_end_and_summed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(DATA)
    file = Outgoing(str(tmp_path), ("a",))
    file.skip(70_000)
    rest = file.read(10**6)
    assert rest == DATA[70_000:] and file.finish() == SUM


@pytest.mark.parametrize("change", ["longer", "shorter", "other"])
def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path, change: str) -> None:
    there = tmp_path / "a"
    there.write_bytes(DATA)
    os.utime(there, (1, 1))
    file = Outgoing(str(tmp_path), ("a",))
    file.read(1000)
    there.write_bytes({"longer": DATA + b"x", "shorter": DATA[:500], "other": DATA[::-1]}[change])
    with pytest.raises(FileTroubleError, match="CHANGED"):
        file.read(1000)
    file.close()


def test_links_pipes_devices_and_folders_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "out").symlink_to("/etc")
    for folder, names, code in (
        (tmp_path, ("link",), "LINK"),
        (tmp_path, ("pipe",), "NOT_A_FILE"),
        (tmp_path, ("folder",), "NOT_A_FILE"),
        (tmp_path, ("out", "passwd"), "LINK"),
        (Path("/dev"), ("null",), "NOT_A_FILE"),
    ):
        with pytest.raises((FileTroubleError, OSError)) as problem:
            Outgoing(str(folder), names)
        assert code_of(problem.value) == code, names
