"""What a frozen program is made of, as CycloneDX 1.6 JSON: the Python distributions whose modules PyInstaller took.

usage: parts.py SPEC > FILE, after the build of installer/pyinstaller/SPEC.spec into build/SPEC.
"""

from __future__ import annotations

import ast
import json
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from wizhelper import __version__


def modules(folder: Path) -> set[str]:
    """Top-level names in the program, from PyInstaller's own table of contents."""
    found: set[str] = set()
    for toc in folder.rglob("PYZ-00.toc"):
        _, entries = ast.literal_eval(toc.read_text("utf-8"))[:2]
        found |= {name.partition(".")[0] for name, *_ in entries}
    return found


def component(name: str) -> dict[str, Any]:
    facts = metadata.metadata(name)
    plain = facts["Name"].lower().replace("_", "-")
    made: dict[str, Any] = {
        "type": "library",
        "name": facts["Name"],
        "version": facts["Version"],
        "purl": f"pkg:pypi/{plain}@{facts['Version']}",
    }
    licence = facts.get("License-Expression")
    if licence:
        made["licenses"] = [{"expression": licence}]
    return made


def bill(spec: str, folder: Path) -> dict[str, Any]:
    owners = metadata.packages_distributions()
    taken = modules(folder)
    names = sorted(
        {owner for module in taken for owner in owners.get(module, []) if owner.lower() != "wizhelper"}, key=str.lower
    )
    python = {"type": "platform", "name": "CPython", "version": platform.python_version()}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": f"wizhelper-{spec}", "version": __version__}},
        "components": [python, *(component(name) for name in names)],
    }


if __name__ == "__main__":
    chosen = sys.argv[1]
    found = bill(chosen, Path("build") / chosen)
    if len(found["components"]) < 2:
        sys.exit(f"no table of contents under build/{chosen}: was it built?")
    json.dump(found, sys.stdout, indent=1, ensure_ascii=False)
