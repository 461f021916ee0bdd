"""Rules of the tile encoder, judged by the reference viewer: whatever happens, the viewer converges to the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_viewer import ReferenceViewer, psnr
from scenes import noise, photo, text_page

from agent.encode.interface import Limits, Pixels
from agent.encode.tiles import TileEncoder
from wizhelper.protocol.screen import OpKind, Update

WIDE = Limits(budget_bytes=1 << 30)
SIZES = [(1366, 768), (1367, 769), (33, 17), (1, 1), (65, 33), (200, 31)]


@dataclass
class Session:
    """An encoder and its viewer; checks the size of every message."""

    width: int
    height: int
    now: float = 10.0

    def __post_init__(self) -> None:
        self.encoder = TileEncoder(self.width, self.height, clock=lambda: self.now)
        self.viewer = ReferenceViewer(self.width, self.height)
        self.sizes: list[int] = []

    def show(self, frame: Pixels, limits: Limits = WIDE) -> list[OpKind]:
        """Encode until nothing is left; returns the kinds of all operations."""
        kinds: list[OpKind] = []
        for _ in range(5000):
            step = self.encoder.encode(frame, limits)
            self._send(step.ops)
            kinds += [op.kind for op in step.ops]
            if not step.left:
                return kinds
        raise AssertionError("never done")

    def settle(self) -> None:
        """Stand still until everything is refined."""
        self.now += 0.3
        for _ in range(5000):
            if not self.encoder.refinable():
                return
            self._send(self.encoder.refine(1 << 20).ops)
        raise AssertionError("never refined")

    def _send(self, ops: tuple[object, ...]) -> None:
        if ops:
            body = Update(1, 0, ops).encode()  # type: ignore[arg-type]
            self.sizes.append(len(body))
            self.viewer.receive(body)

    def exact(self, frame: Pixels) -> bool:
        return np.array_equal(self.viewer.picture, frame[..., :3])


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_text_is_exact_at_once(width: int, height: int) -> None:
    session = Session(width, height)
    frame = text_page(width, height)
    session.show(frame)
    assert session.exact(frame) and not session.encoder.refinable()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_photo_is_near_at_once_and_fine_when_still(width: int, height: int) -> None:
    session = Session(width, height)
    frame = photo(width, height)
    session.show(frame)
    assert psnr(session.viewer.picture, frame[..., :3]) > 30
    session.settle()
    assert psnr(session.viewer.picture, frame[..., :3]) > 40


def test_text_on_a_gradient_becomes_exact() -> None:
    """No two neighbouring pixels are equal, so flatness takes it for a photo; the compression trial does not."""
    session = Session(640, 320)
    frame = text_page(640, 320)
    background = np.repeat((np.arange(640, dtype=np.uint16) * 255 // 640).astype(np.uint8)[None, :, None], 320, 0)
    frame[..., :3] = np.where(frame[..., :3] > 200, background, 0)
    session.show(frame)
    session.settle()
    assert session.exact(frame)


def test_nothing_is_sent_for_an_unchanged_frame() -> None:
    session = Session(640, 480)
    frame = text_page(640, 480)
    session.show(frame)
    assert session.show(frame) == []
    assert session.encoder.refine(1 << 20).ops == ()


def test_typing_costs_few_bytes() -> None:
    session = Session(1920, 1080)
    frame = text_page(1920, 1080)
    session.show(frame)
    for column in range(10):
        frame[500:512, 300 + 8 * column : 306 + 8 * column, :3] = column
        session.show(frame)
    assert session.exact(frame)
    assert sorted(session.sizes[-10:])[5] < 400


def test_a_scroll_is_copied() -> None:
    session = Session(1366, 768)
    page = text_page(1366, 1200)
    session.show(page[:768].copy())
    first = session.sizes[-1]
    assert OpKind.COPY in session.show(page[54 : 54 + 768].copy())
    assert session.exact(page[54 : 54 + 768]) and session.sizes[-1] < first / 4


def test_a_window_dragged_over_a_photo_keeps_its_text_exact() -> None:
    session = Session(1280, 720)
    background, window = photo(1280, 720), text_page(600, 400)
    kinds: list[OpKind] = []
    for step in range(6):
        frame = background.copy()
        x, y = 100 + 37 * step, 80 + 23 * step
        frame[y : y + 400, x : x + 600] = window
        kinds = session.show(frame)
        inner = np.s_[y + 64 : y + 336, x + 128 : x + 472]
        assert np.array_equal(session.viewer.picture[inner], frame[inner][..., :3])
    assert OpKind.COPY in kinds
    session.settle()
    assert psnr(session.viewer.picture, frame[..., :3]) > 40


def test_moving_a_draft_keeps_it_a_draft() -> None:
    """A copied photo must be refined at its new place."""
    session = Session(640, 800)
    tall = np.concatenate([photo(640, 700), text_page(640, 400)])
    session.show(tall[:800].copy())
    session.show(tall[90:890].copy())
    session.settle()
    assert psnr(session.viewer.picture, tall[90:890, :, :3]) > 40


def test_noise_is_split_into_messages_below_two_mebibytes() -> None:
    session = Session(2560, 1440)
    session.show(noise(2560, 1440))
    session.settle()
    assert len(session.sizes) > 2 and max(session.sizes) < 2 * 1024 * 1024


def test_noise_that_looks_flat_is_split_too() -> None:
    """Flatness looks at every 4th line only; the lines between may hold anything."""
    session = Session(2560, 1440)
    frame = noise(2560, 1440)
    frame[::4] = 255
    session.show(frame)
    assert session.exact(frame) and max(session.sizes) < 2 * 1024 * 1024


def test_a_tight_budget_is_kept_and_everything_arrives() -> None:
    session = Session(1366, 768)
    frame = np.concatenate([text_page(1366, 400), photo(1366, 368)])
    session.show(frame, Limits(budget_bytes=8000, photo_quality=45))
    assert max(session.sizes) < 8000 + 24_000 and len(session.sizes) > 5
    session.settle()
    assert np.array_equal(session.viewer.picture[:384], frame[:384, :, :3])
    assert psnr(session.viewer.picture, frame[..., :3]) > 40


def test_the_pointers_surroundings_go_first_on_a_tight_budget() -> None:
    session = Session(1366, 768)
    frame = text_page(1366, 768)
    step = session.encoder.encode(frame, Limits(budget_bytes=2000, focus=(700, 600)))
    session._send(step.ops)
    assert step.left
    assert np.array_equal(session.viewer.picture[590:610, 650:750], frame[590:610, 650:750, :3])
    assert not session.viewer.picture[:300].any()


def test_refinement_waits_for_stillness() -> None:
    session = Session(320, 160)
    session.show(photo(320, 160))
    session.now += 0.2
    assert session.encoder.refinable() and session.encoder.refine(1 << 20).ops == ()
    session.now += 0.1
    assert session.encoder.refine(1 << 20).ops


def test_refinement_comes_in_slices() -> None:
    session = Session(1920, 1080)
    session.show(photo(1920, 1080))
    before = len(session.sizes)
    session.settle()
    assert len(session.sizes) - before > 2 and max(session.sizes[before:]) < 300_000


def test_a_frame_of_another_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="frame is"):
        TileEncoder(64, 64).encode(np.zeros((32, 64, 4), np.uint8), WIDE)


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, int, int, int, int, int]]:
    kinds = st.sampled_from(["fill", "text", "photo", "noise", "scroll", "move", "wait"])
    numbers = st.integers(0, 400)
    return draw(st.lists(st.tuples(kinds, numbers, numbers, numbers, numbers, st.integers(0, 99)), max_size=8))


@settings(max_examples=60, deadline=None)
@given(
    size=st.sampled_from([(453, 317), (512, 320), (129, 97), (33, 17)]),
    steps=changes(),
    budget=st.sampled_from([600, 5000, 60_000, 1 << 20]),
)
def test_any_sequence_of_changes_converges(
    size: tuple[int, int], steps: list[tuple[str, int, int, int, int, int]], budget: int
) -> None:
    width, height = size
    session = Session(width, height)
    frame = text_page(width, height)
    only_flat = True
    for kind, a, b, c, d, seed in steps:
        x, y = a % width, b % height
        w, h = 1 + c % (width - x), 1 + d % (height - y)
        only_flat &= kind not in ("photo", "noise")
        change(frame, kind, (x, y, w, h), seed)
        session.now += 0.3 if kind == "wait" else 0.02
        session._send(session.encoder.encode(frame, Limits(budget)).ops)
        session._send(session.encoder.refine(budget).ops)
    session.show(frame, Limits(budget))
    session.settle()
    assert psnr(session.viewer.picture, frame[..., :3]) > 30
    if only_flat:
        assert session.exact(frame)


def change(frame: Pixels, kind: str, rect: tuple[int, int, int, int], seed: int) -> None:
    """Draw one random change into the frame."""
    x, y, w, h = rect
    area = frame[y : y + h, x : x + w]
    makers = {"text": text_page, "photo": photo, "noise": noise}
    if kind == "fill":
        area[:] = seed * 2
    elif kind in makers:
        area[:] = makers[kind](w, h, seed)
    elif kind == "scroll":
        area[:] = np.roll(area, seed - 50, axis=0)
    elif kind == "move":
        frame[:] = np.roll(frame, (seed - 50, x), axis=(0, 1))


def test_an_all_black_screen_is_sent_once() -> None:
    """The viewer knows by the first drawing that it has a picture; a black one must not look like none."""
    encoder = TileEncoder(128, 64)
    black = np.zeros((64, 128, 4), np.uint8)
    first = encoder.encode(black, WIDE)
    assert first.ops
    assert not encoder.encode(black, WIDE).ops
