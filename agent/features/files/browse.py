"""Looking at the PC's folders and keeping house in them. Blocks: for a thread."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from agent.features.files import names as rules
from agent.features.files.folder import Folder, below, is_link
from agent.features.files.outgoing import modified_ms
from agent.features.files.trouble import BAD_NAME, EXISTS, FileTroubleError
from wizhelper.protocol import messages
from wizhelper.protocol.files import MAX_OFFERED, MAX_PAGE_ENTRIES, PAGE_BYTES, Entries, Entry, Offer, Place, Places

WINDOWS = sys.platform == "win32"
DROP_FOLDER = "WizHelper_Download"
_HIDDEN = 0x2 | 0x4
_UNREADABLE = "\ufffd"


def user_folder(kind: str) -> Path | None:
    """desktop, documents or downloads of this user, whatever it is called here; None: there is none."""
    found = _windows_folder(kind) if WINDOWS else _xdg_folder(kind)
    if found is None:
        found = Path.home() / kind.capitalize()
    return found if found.is_dir() else None


_WINDOWS_NAMES = {
    "desktop": "Desktop",
    "documents": "Personal",
    "downloads": "{374DE290-123F-4565-9164-39C4925E467B}",
}


def _windows_folder(kind: str) -> Path | None:
    """A desktop may be redirected to another drive or to a cloud's folder."""
    if sys.platform != "win32":
        return None
    import winreg

    shell = r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, shell) as key:
            return Path(os.path.expandvars(winreg.QueryValueEx(key, _WINDOWS_NAMES[kind])[0]))
    except OSError:
        return None


_XDG_NAMES = {"desktop": "XDG_DESKTOP_DIR", "documents": "XDG_DOCUMENTS_DIR", "downloads": "XDG_DOWNLOAD_DIR"}


def _xdg_folder(kind: str) -> Path | None:
    """Source: xdg-user-dirs; lines such as XDG_DESKTOP_DIR="$HOME/바탕화면"."""
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    try:
        lines = Path(folder, "user-dirs.dirs").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    start = _XDG_NAMES[kind] + "="
    value = next((line[len(start) :].strip('" ') for line in lines if line.startswith(start)), None)
    return Path(value.replace("$HOME", str(Path.home()))) if value else None


def drop_folder() -> str:
    """Where files land that were dropped on the screen; made if need be."""
    folder = (user_folder("desktop") or Path.home()) / DROP_FOLDER
    folder.mkdir(exist_ok=True)
    return str(folder)


def places(request: int) -> Places:
    found = [_place("home", "", str(Path.home()))]
    for kind in ("desktop", "documents", "downloads"):
        if (folder := user_folder(kind)) is not None:
            found.append(_place(kind, folder.name, str(folder)))
    found += [_place("drive", root, root) for root in _roots()]
    return Places(request, os.sep, tuple(found))


def _roots() -> list[str]:
    """Drives of Windows; elsewhere the root and what is mounted below the usual places for people."""
    mounted = [part.mountpoint for part in psutil.disk_partitions(all=False)]
    if WINDOWS:
        return sorted(set(mounted))
    people = ("/media/", "/mnt/", "/run/media/", "/Volumes/")
    return ["/", *sorted({point for point in mounted if point.startswith(people)})]


def _place(kind: str, name: str, path: str) -> Place:
    free = size = None
    if kind == "drive":
        # A drive without a disk in it still has its place in the list.
        with suppress(OSError):
            usage = shutil.disk_usage(path)
            free, size = usage.free, usage.total
    return Place(kind, name, path, free, size)


def pages(request: int, folder: str, name: str) -> Iterator[Entries]:
    """At least one, the last one marked. The folder is read while the pages are taken."""
    path = str(Path(folder) / rules.existing_name(name, WINDOWS)) if name else folder
    with Folder.at(path) as held, held.scan() as scanned:
        where = str(held.path)
        if _shown(where) != where:
            raise FileTroubleError(BAD_NAME, "a folder that is no Unicode")
        parent = str(held.path.parent) if held.path.parent != held.path else ""
        page: list[Entry] = []
        size = 0
        for entry in _entries(scanned):
            length = len(messages.dump_json(entry.name)) + 100
            if size + length > PAGE_BYTES or len(page) >= MAX_PAGE_ENTRIES:
                yield Entries(request, where, parent, False, tuple(page))
                page, size = [], 0
            page.append(entry)
            size += length
        yield Entries(request, where, parent, True, tuple(page))


def _entries(scanned: Iterator[os.DirEntry[str]]) -> Iterator[Entry]:
    for found in scanned:
        if rules.is_own(found.name):
            continue
        try:
            yield _entry(found)
        except OSError:
            yield Entry(_shown(found.name), "other", 0, 0, False)  # gone meanwhile, or not ours to look at


def _entry(found: os.DirEntry[str]) -> Entry:
    facts = found.stat(follow_symlinks=False)
    hidden = found.name.startswith(".") or bool(getattr(facts, "st_file_attributes", 0) & _HIDDEN)
    kind = _kind(facts) if _shown(found.name) == found.name else "other"
    return Entry(_shown(found.name), kind, facts.st_size if kind == "file" else 0, modified_ms(facts), hidden)


def _kind(facts: os.stat_result) -> str:
    if is_link(facts):
        return "link"
    if stat.S_ISDIR(facts.st_mode):
        return "folder"
    return "file" if stat.S_ISREG(facts.st_mode) else "other"


def _shown(name: str) -> str:
    """Names that are no Unicode can be seen but not be named back: such an entry is only looked at."""
    return "".join(_UNREADABLE if "\ud800" <= char <= "\udfff" else char for char in name)


def offers(paths: Sequence[str], via: str) -> list[Offer]:
    """Files and folders that somebody here hands over, by the folders that they are in. What cannot be read, and what is neither
    file nor folder, is left out."""
    found: dict[str, list[Entry]] = {}
    for path in dict.fromkeys(map(os.path.abspath, paths)):
        folder, name = os.path.split(path)
        if not name or _shown(path) != path:
            continue
        with suppress(OSError):
            facts = os.lstat(path)
            kind = _kind(facts)
            if kind in ("file", "folder"):
                size = facts.st_size if kind == "file" else 0
                found.setdefault(folder, []).append(Entry(name, kind, size, modified_ms(facts), name.startswith(".")))
    return [Offer(folder, tuple(entries[:MAX_OFFERED]), via) for folder, entries in found.items()]


def make(folder: str, names: tuple[str, ...]) -> str:
    """-> path of the new folder; the ones above it are made, too, where they lack."""
    *above, fine = (rules.new_name(name) for name in names)
    with below(folder, tuple(above), make=True) as held:
        if held.same_named(fine) is not None:
            raise FileTroubleError(EXISTS)
        held.make(fine)
        return str(held.path / fine)


def rename(folder: str, name: str, to: str) -> str:
    """-> path with the new name. Nothing that is there is overwritten."""
    old, new = rules.existing_name(name, WINDOWS), rules.new_name(to)
    with Folder.at(folder) as held:
        there = held.same_named(new)
        only_case = WINDOWS and new.casefold() == old.casefold()
        if there is not None and there != old and not only_case:
            raise FileTroubleError(EXISTS)
        held.replace(old, new)
        return str(held.path / new)


def remove(folder: str, name: str, stopped: Callable[[], bool] = lambda: False) -> str:
    """A file, a link itself, or a folder with all that is in it. -> its path. Links in it are removed, not followed."""
    old = rules.existing_name(name, WINDOWS)
    with Folder.at(folder) as held:
        _remove_below(held, old, stopped)
        return str(held.path / old)


def _remove_below(folder: Folder, name: str, stopped: Callable[[], bool]) -> None:
    facts = folder.look(name)
    if is_link(facts) and WINDOWS and stat.S_ISDIR(facts.st_mode):
        folder.rmdir(name)  # a junction: the place only
    elif is_link(facts) or not stat.S_ISDIR(facts.st_mode):
        folder.unlink(name)
    else:
        with folder.below(name) as inner:
            with inner.scan() as scanned:
                found = [entry.name for entry in scanned]
            for one in found:
                if stopped():
                    raise FileTroubleError("STOPPED")
                _remove_below(inner, one, stopped)
        folder.rmdir(name)
