"""Another commit of the product to compare with: checked out and built beside this one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import harness


@contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Path]:
    """The tree of a git revision with its web pages built; `folder` must not exist. Raises CalledProcessError."""
    _run("git", "worktree", "add", "--quiet", "--detach", str(folder), revision)
    try:
        # The same installed packages: what is compared is our code.
        (folder / "web" / "node_modules").symlink_to(harness.TOP / "web" / "node_modules")
        _run("npm", "--prefix", str(folder / "web"), "run", "--silent", "build", "--", "--logLevel", "warn")
        yield folder
    finally:
        _run("git", "worktree", "remove", "--force", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, cwd=harness.TOP, check=True, stdout=subprocess.DEVNULL)
