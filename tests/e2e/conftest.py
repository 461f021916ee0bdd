"""Fixtures of the end-to-end tests: an appliance and a browser per file, a virtual desktop per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    with harness.appliance(tmp_path_factory.mktemp("appliance")) as made:
        yield made


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Desktop]:
    with harness.desktop(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with harness.browser() as made:
        yield made
