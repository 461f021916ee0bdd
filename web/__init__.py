"""The built web apps, as a Python module so that a wheel and a frozen binary carry them (package data: dist/)."""

from pathlib import Path

DIST = Path(__file__).parent / "dist"
