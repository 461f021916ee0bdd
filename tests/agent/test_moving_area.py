"""What keeps moving is sent as video, everything else as ever, and nothing stays worse than it would be without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from reference_viewer import ReferenceViewer, psnr
from scenes import film, photo, text_page

from agent.encode.interface import Limits, Pixels
from agent.encode.tiles import TileEncoder
from agent.encode.video import MakeVideo, VideoEncoder, VideoError, find_video
from wizhelper.protocol.screen import Op, OpKind, Update, VideoCodec

WIDE = Limits(budget_bytes=1 << 20)
#: Whole cells.
LEFT, TOP, WIDTH, HEIGHT = 128, 64, 640, 352


class Slow:
    """A clock that the encoder itself may move on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeStream:
    codec = VideoCodec.VP8

    def __init__(self, maker: FakeMaker, width: int, height: int, kbit_s: int) -> None:
        self._maker = maker
        self.pictures = 0
        maker.asked.append((width, height, kbit_s))

    def encode(self, pixels: Pixels) -> tuple[bytes, bool]:
        self._maker.clock.now += self._maker.takes_s
        if self._maker.broken:
            raise VideoError("broken")
        self.pictures += 1
        return b"x" * self._maker.size, self.pictures == 1


class FakeMaker:
    """A codec of which the test says what it costs."""

    def __init__(self, clock: Slow, size: int = 4000, takes_s: float = 0.004) -> None:
        self.clock, self.size, self.takes_s = clock, size, takes_s
        self.broken = False
        self.asked: list[tuple[int, int, int]] = []

    def __call__(self, width: int, height: int, kbit_s: int) -> VideoEncoder:
        return FakeStream(self, width, height, kbit_s)


@dataclass
class Scene:
    """A page of text with a film in the middle of it."""

    make: MakeVideo | None
    clock: Slow
    width: int = 1024
    height: int = 600
    viewer: ReferenceViewer | None = None

    def __post_init__(self) -> None:
        self.page = text_page(self.width, self.height)
        self.encoder = TileEncoder(self.width, self.height, self.clock, self.make)

    def with_film(self, picture: Pixels) -> Pixels:
        frame = self.page.copy()
        frame[TOP : TOP + picture.shape[0], LEFT : LEFT + picture.shape[1]] = picture
        return frame

    def show(self, frame: Pixels, limits: Limits = WIDE) -> list[Op]:
        self.clock.now += 1 / 30
        step = self.encoder.encode(frame, limits)
        if self.viewer is not None and step.ops:
            self.viewer.receive(Update(1, 0, step.ops).encode())
        return list(step.ops)

    def play(self, pictures: list[Pixels], limits: Limits = WIDE) -> list[list[Op]]:
        return [self.show(self.with_film(picture), limits) for picture in pictures]


@pytest.fixture(scope="module", params=["vp8", "h264"])
def codec(request: pytest.FixtureRequest) -> Iterator[MakeVideo]:
    made = find_video((request.param,), "linux")
    assert made is not None
    yield made


def videos(updates: list[list[Op]]) -> list[Op]:
    return [op for ops in updates for op in ops if op.kind is OpKind.VIDEO]


def test_a_film_becomes_video_in_its_own_colours_beside_exact_text(codec: MakeVideo) -> None:
    scene = Scene(codec, Slow(), viewer=ReferenceViewer(1024, 600))
    assert scene.viewer is not None
    pictures = film(WIDTH, HEIGHT, 30)
    updates = scene.play(pictures)
    sent = videos(updates)
    assert len(sent) > 20 and {(op.x, op.y, op.w, op.h) for op in sent} == {(LEFT, TOP, WIDTH, HEIGHT)}
    assert [op.a for op in sent] == [1, *[0] * (len(sent) - 1)]
    shown, meant = scene.viewer.picture, scene.with_film(pictures[-1])[..., :3]
    inside = (slice(TOP, TOP + HEIGHT), slice(LEFT, LEFT + WIDTH))
    assert psnr(shown[inside], meant[inside]) > 30
    outside = np.ones(shown.shape, bool)
    outside[inside] = False
    assert np.array_equal(shown[outside], meant[outside])


def test_a_film_costs_a_fraction_of_its_bytes_as_jpeg(codec: MakeVideo) -> None:
    pictures = film(WIDTH, HEIGHT, 30)
    sizes = []
    for make in (codec, None):
        updates = Scene(make, Slow()).play(pictures)[10:]
        sizes.append(sum(len(op.data) for ops in updates for op in ops))
    assert sizes[0] < sizes[1] / 3


def test_when_the_film_stands_still_it_becomes_sharp(codec: MakeVideo) -> None:
    scene = Scene(codec, Slow(), viewer=ReferenceViewer(1024, 600))
    assert scene.viewer is not None
    pictures = film(WIDTH, HEIGHT, 20)
    scene.play(pictures)
    scene.clock.now += 0.3
    while scene.encoder.refinable():
        scene.viewer.receive(Update(1, 0, scene.encoder.refine(1 << 20).ops).encode())
    assert scene.encoder.moving.rect is None and scene.encoder.moving.codec is None
    assert psnr(scene.viewer.picture, scene.with_film(pictures[-1])[..., :3]) > 38


def test_a_text_that_covers_the_film_is_exact_again(codec: MakeVideo) -> None:
    scene = Scene(codec, Slow(), viewer=ReferenceViewer(1024, 600))
    assert scene.viewer is not None
    scene.play(film(WIDTH, HEIGHT, 20))
    for _ in range(4):
        scene.show(scene.page)
    scene.clock.now += 0.3
    while scene.encoder.refinable():
        scene.viewer.receive(Update(1, 0, scene.encoder.refine(1 << 20).ops).encode())
    assert np.array_equal(scene.viewer.picture, scene.page[..., :3])


def test_scrolling_and_dragging_are_no_film() -> None:
    clock = Slow()
    scene = Scene(FakeMaker(clock), clock)
    long = text_page(1024, 600 + 40 * 30)
    scrolled = [scene.show(np.ascontiguousarray(long[30 * step : 30 * step + 600])) for step in range(40)]
    window = photo(400, 300)
    dragged = []
    for step in range(40):
        frame = scene.page.copy()
        frame[20 + 4 * step : 320 + 4 * step, 30 + 8 * step : 430 + 8 * step] = window
        dragged.append(scene.show(frame))
    assert videos(scrolled) == videos(dragged) == []


def test_a_small_or_scattered_movement_is_no_film() -> None:
    clock = Slow()
    scene = Scene(FakeMaker(clock), clock)
    assert videos(scene.play(film(192, 96, 30))) == []
    scattered = Scene(FakeMaker(clock), clock)
    updates = []
    for seed in range(30):
        frame, noise = scattered.page.copy(), photo(1024, 600, seed)
        for y in range(0, 576, 96):
            for x in range(0, 1024, 192):
                frame[y : y + 32, x : x + 64] = noise[y : y + 32, x : x + 64]
        updates.append(scattered.show(frame))
    assert videos(updates) == []


@pytest.mark.parametrize("size", [(1023, 599), (1022, 601), (767, 415), (768, 416)])
def test_pictures_of_odd_size_have_video_of_even_size(size: tuple[int, int]) -> None:
    clock = Slow()
    scene = Scene(FakeMaker(clock), clock, *size)
    sent = videos(scene.play(film(size[0] - LEFT, size[1] - TOP, 20)))
    assert sent
    for op in sent:
        assert op.w % 2 == op.h % 2 == 0 and op.x + op.w <= size[0] and op.y + op.h <= size[1]


def test_a_film_that_moves_elsewhere_is_a_new_stream() -> None:
    clock = Slow()
    scene = Scene(FakeMaker(clock), clock)
    pictures = film(512, 288, 60)
    first = videos(scene.play(pictures[:20]))
    for number, picture in enumerate(pictures[20:]):
        frame = scene.page.copy()
        frame[288 : 288 + 288, 512 : 512 + 512] = picture
        last = scene.show(frame)
        assert number < 20 or videos([last])
    assert {op.b for op in first} == {1} and videos([last])[0].b > 1 and videos([last])[0].x == 512


def test_a_codec_that_breaks_is_not_asked_again_and_nothing_is_lost() -> None:
    clock = Slow()
    maker = FakeMaker(clock)
    scene = Scene(maker, clock, viewer=None)
    pictures = film(WIDTH, HEIGHT, 40)
    assert videos(scene.play(pictures[:10]))
    maker.broken = True
    updates = scene.play(pictures[10:])
    assert videos(updates) == [] and len(maker.asked) == 1
    assert all(any(op.kind is OpKind.JPEG for op in ops) for ops in updates)


def test_a_slow_codec_on_a_fast_line_gives_way_to_jpeg_for_a_while() -> None:
    clock = Slow()
    maker = FakeMaker(clock, takes_s=0.2)
    scene = Scene(maker, clock)
    fast = replace(WIDE, bytes_per_s=50e6)
    assert len(videos(scene.play(film(WIDTH, HEIGHT, 40), fast))) < 5
    clock.now += 11
    assert videos(scene.play(film(WIDTH, HEIGHT, 20, seed=4), fast))


def test_a_slow_codec_on_a_slow_line_is_still_better() -> None:
    clock = Slow()
    scene = Scene(FakeMaker(clock, takes_s=0.06), clock)
    assert len(videos(scene.play(film(WIDTH, HEIGHT, 30), replace(WIDE, bytes_per_s=300e3)))) > 20


def test_the_rate_follows_the_line_down_soon_and_up_late() -> None:
    clock = Slow()
    maker = FakeMaker(clock)
    scene = Scene(maker, clock)
    pictures = film(WIDTH, HEIGHT, 30)
    scene.play(pictures)
    for _ in range(3):
        scene.play(pictures, replace(WIDE, photo_quality=35))
    assert [kbit_s for _, _, kbit_s in maker.asked] == [4000, 350]
    for _ in range(5):
        scene.play(pictures)
    assert [kbit_s for _, _, kbit_s in maker.asked] == [4000, 350]
    for _ in range(9):
        scene.play(pictures)
    assert [kbit_s for _, _, kbit_s in maker.asked] == [4000, 350, 4000]


def test_a_picture_that_does_not_fit_waits_and_a_newer_one_goes() -> None:
    clock = Slow()
    scene = Scene(FakeMaker(clock, size=6000), clock)
    pictures = film(WIDTH, HEIGHT, 40)
    scene.play(pictures[:30])
    step = scene.encoder.encode(scene.with_film(pictures[30]), Limits(3000))
    assert step.left and OpKind.VIDEO not in [op.kind for op in step.ops]
    assert videos([scene.show(scene.with_film(pictures[31]))])


def test_without_the_codecs_there_is_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_video(()) is None and find_video(("av1",)) is None
    monkeypatch.setitem(sys.modules, "av", None)
    assert find_video(("vp8", "h264")) is None


def test_vp8_comes_before_h264_by_software_and_the_systems_own_is_tried_first() -> None:
    """On this system there is no codec of Windows: it does not prove itself, and the next one is taken."""
    for system in ("linux", "win32", "darwin"):
        made = find_video(("vp8", "h264"), system)
        assert made is not None and made(320, 192, 500).codec is VideoCodec.VP8
