"""docs/features.md tells the truth: every known feature once, in a known state, and named in the tests that it points to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
KNOWN = (TOP / "tests" / "vectors" / "feature-ids.txt").read_text("utf-8").split()
STATES = ("done", "part", "later", "dropped")
#: A row says more than its state where there is more to say.
EXPLAINED = ("part", "dropped")


@dataclass(frozen=True)
class Row:
    id: str
    state: str
    remark: str
    tests: tuple[str, ...]


def rows(text: str) -> list[Row]:
    """The rows of all tables whose first column is an id."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[A-Z]+(-[A-Z0-9]+)+", cells[0]):
            state, _, remark = cells[2].partition(": ")
            found.append(Row(cells[0], state, remark, tuple(re.findall(r"`([^`]+)`", cells[3]))))
    return found


TEXT = (TOP / "docs" / "features.md").read_text("utf-8")
ROWS = rows(TEXT)


def names(path: str, feature: str) -> bool:
    """Whether the file has the id as a whole: OP-ME is not named by OP-MENU."""
    pattern = rf"(?<![A-Z0-9-]){re.escape(feature)}(?![A-Z0-9-])"
    return re.search(pattern, (TOP / path).read_text("utf-8")) is not None


def test_the_table_has_exactly_the_known_features_in_their_order() -> None:
    assert [row.id for row in ROWS] == KNOWN
    assert len(set(KNOWN)) == len(KNOWN)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_is_in_a_known_state_with_what_that_state_needs(row: Row) -> None:
    assert row.state in STATES
    assert bool(row.remark) is (row.state in EXPLAINED)
    assert row.tests or row.state != "done"
    assert not row.tests or row.state in ("done", "part")


@pytest.mark.parametrize("row", [row for row in ROWS if row.tests], ids=lambda row: row.id)
def test_every_feature_is_named_in_the_tests_that_its_row_points_to(row: Row) -> None:
    for path in row.tests:
        assert Path(path).name.startswith("test_") or path.endswith(".test.ts")
        assert names(path, row.id), f"{path} does not name {row.id}"


def test_the_counts_at_the_head_are_those_of_the_rows() -> None:
    head = dict(re.findall(r"^\| (done|part|later|dropped) \| .* \| (\d+) \|$", TEXT, re.M))
    assert {state: int(number) for state, number in head.items()} == dict(Counter(row.state for row in ROWS))


def test_a_feature_is_not_named_by_a_longer_one(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text('"""OP-MENU, OP-LOGIN-COX."""')
    assert names(str(file), "OP-MENU")
    assert not names(str(file), "OP-ME")
    assert not names(str(file), "OP-LOGIN-CO")
