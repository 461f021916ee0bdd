"""The appliance's own secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizhelper.settings.keys import Keys, load_keys


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = load_keys(tmp_path).for_purpose("x")
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert load_keys(tmp_path).for_purpose("x") == first


def test_two_installations_and_two_purposes_share_no_key(tmp_path: Path) -> None:
    """ScreenConnect CVE-2025-3935: no key is baked in."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = {load_keys(tmp_path / f).for_purpose(p) for f in "ab" for p in ("relay tickets", "page tokens")}
    assert len(found) == 4 and all(len(k) == 32 for k in found)


@pytest.mark.parametrize("content", ["", "AAAA", "A" * 39 + "="])
def test_a_damaged_key_is_an_error_and_not_a_new_key(tmp_path: Path, content: str) -> None:
    (tmp_path / "master.key").write_text(content)
    with pytest.raises(ValueError):
        load_keys(tmp_path)


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(ValueError):
        Keys(b"short")
