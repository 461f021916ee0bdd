"""RC-QUALITY: what the viewer's choice of quality and colours does to the picture."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import photo

from agent.encode.quality import RULES, Palette, PhotoQuality
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.screen import COLOURS, QUALITIES, decode_viewer


def test_there_is_a_rule_for_every_word_of_the_protocol() -> None:
    assert set(RULES) == set(QUALITIES)
    for colours in COLOURS:
        Palette(colours)


def test_only_the_automatic_mode_follows_the_link() -> None:
    for name, rule in RULES.items():
        quality = PhotoQuality(rule)
        for step in range(100):
            quality.follow(left=True, now=step / 10)
        assert (quality.value < rule.photo) is (name == "auto")
        assert quality.value == rule.photo_slow


def test_quality_falls_within_a_second_and_rises_slowly_up_to_the_rule() -> None:
    quality = PhotoQuality(RULES["auto"])
    for frame in range(30):
        quality.follow(left=True, now=frame / 30)
    assert quality.value == RULES["auto"].photo_slow
    seen = []
    for frame in range(30, 330):
        quality.follow(left=False, now=frame / 30)
        seen.append(quality.value)
    assert seen == sorted(seen)
    assert seen[45] < RULES["auto"].photo == seen[-1]


def test_higher_quality_costs_more() -> None:
    order = [RULES[name] for name in ("economy", "balanced", "sharp")]
    assert [rule.photo for rule in order] == sorted({rule.photo for rule in order})
    assert [rule.frames_per_s for rule in order] == sorted({rule.frames_per_s for rule in order})


def test_full_colours_are_the_frame_itself() -> None:
    frame = photo(100, 80)
    assert Palette("full").apply(frame) is frame


@pytest.mark.parametrize("height", [1, 63, 64, 65, 317])
def test_grey_has_the_brightness_of_the_frame_and_no_colour(height: int) -> None:
    frame = photo(101, height)
    grey = Palette("grey").apply(frame)
    blue, green, red = (frame[..., i].astype(int) for i in range(3))
    assert grey.shape == frame.shape
    assert grey.flags.c_contiguous
    for i in range(3):
        assert np.array_equal(grey[..., i], (29 * blue + 150 * green + 77 * red) >> 8)


def test_reduced_colours_are_4096_with_black_and_white_as_they_are() -> None:
    frame = photo(320, 200)
    frame[0, 0], frame[0, 1] = (255, 255, 255, 0), (0, 0, 0, 255)
    reduced = Palette("reduced").apply(frame)[..., :3]
    assert reduced[0, 0].tolist() == [255, 255, 255]
    assert reduced[0, 1].tolist() == [0, 0, 0]
    assert len(np.unique(reduced)) <= 16
    assert int(np.abs(reduced.astype(int) - frame[..., :3]).max()) <= 15


def test_a_palette_follows_another_size() -> None:
    palette = Palette("grey")
    assert palette.apply(photo(64, 32)).shape == (32, 64, 4)
    assert palette.apply(photo(100, 70)).shape == (70, 100, 4)


@pytest.mark.parametrize(
    "wish", ['"quality":"best"', '"colours":"red"', '"quality":null', '"colours":4096', '"quality":""']
)
def test_a_hostile_wish_is_refused(wish: str) -> None:
    with pytest.raises(RemoteProtocolError, match="BAD_SCREEN"):
        decode_viewer(b"\x13{" + wish.encode() + b"}")
