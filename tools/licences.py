"""Prints the table of docs/licences.md: what the product needs at run time, with the licence that the installed package states."""

from __future__ import annotations

import configparser
import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
EXTRAS = ("server", "agent", "postgresql")
CLASSIFIER = "License :: "
#: Some packages put the whole text of their licence into the field meant for its name.
LONGEST_NAME = 80


def requirements() -> Iterator[tuple[str, str]]:
    """(part, requirement) as setup.cfg names them."""
    config = configparser.ConfigParser()
    config.read(TOP / "setup.cfg", "utf-8")
    yield from (("all", line) for line in config["options"]["install_requires"].split("\n") if line)
    for extra in EXTRAS:
        yield from ((extra, line) for line in config["options.extras_require"][extra].split("\n") if line)


def stated(package: metadata.PackageMetadata) -> str:
    """The SPDX expression if there is one, else the short licence field, else the classifiers."""
    for field in ("License-Expression", "License"):
        if field in package and "\n" not in package[field] and 0 < len(package[field]) < LONGEST_NAME:
            return package[field]
    classifiers = [c for c in package.get_all("Classifier") or () if c.startswith(CLASSIFIER)]
    return ", ".join(c.rpartition(" :: ")[2] for c in classifiers) or "not stated"


def python_rows() -> Iterator[tuple[str, str, str, str]]:
    for part, line in requirements():
        name = re.split(r"[\s\[=<>;]", line, maxsplit=1)[0]
        try:
            package = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            yield name, "", part, "not installed here (other operating system)"
        else:
            yield name, str(package["Version"]), part, stated(package)


def web_rows() -> Iterator[tuple[str, str, str, str]]:
    for name in json.loads((TOP / "web" / "package.json").read_text("utf-8"))["dependencies"]:
        package = json.loads((TOP / "web" / "node_modules" / name / "package.json").read_text("utf-8"))
        yield name, package["version"], "web", package.get("license", "not stated")


def main() -> int:
    lines = ["| package | version | part | licence as stated |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in (*python_rows(), *web_rows())]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
