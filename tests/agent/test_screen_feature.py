"""Rules of the screen channel, with a fake capture and a fake link; the reference viewer judges what arrives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from reference_viewer import ReferenceViewer, psnr
from scenes import film, photo, text_page

from agent.capture.interface import (
    Capture,
    CaptureError,
    CursorShape,
    CursorState,
    Geometry,
    GeometryChangedError,
)
from agent.encode.interface import Pixels
from agent.encode.pacing import FrameCap
from agent.encode.quality import RULES
from agent.encode.tiles import TileEncoder
from agent.features.screen import ScreenFeature
from wizhelper.protocol.screen import (
    Ack,
    Caps,
    MonitorInfo,
    OpKind,
    Pause,
    Refresh,
    ScreenType,
    Stats,
    ViewRequest,
    decode_stats,
    decode_trouble,
)

ARROW = CursorShape(2, 1, 1, 0, bytes(range(8)))


def geometry(width: int, height: int) -> Geometry:
    return Geometry(width, height, (MonitorInfo(0, 0, width, height, "fake", True),))


class FakeCapture:
    """Shows `frame`; `draw` replaces it as a program on the customer's computer would."""

    def __init__(self, name: str, frame: Pixels) -> None:
        self.name = name
        self._frame = frame
        self._shown = frame
        self._geometry = geometry(frame.shape[1], frame.shape[0])
        self._damaged = threading.Event()
        self._damaged.set()
        self._monitors: tuple[MonitorInfo, ...] = ()
        self.pointer = CursorState(3, 4, ARROW)
        self.failure: CaptureError | None = None
        self.grabs = 0
        self.closed = False

    def draw(self, frame: Pixels) -> None:
        self._frame = frame
        self._damaged.set()

    def split(self, x: int) -> None:
        """Two monitors side by side instead of one."""
        height, width = self._frame.shape[:2]
        left = MonitorInfo(0, 0, x, height, "left", True)
        self._monitors = (left, MonitorInfo(x, 0, width - x, height, "right", False))
        self._damaged.set()

    def start(self) -> Geometry:
        return self._geometry

    def geometry(self) -> Geometry:
        return self._geometry

    def wait(self, timeout_s: float) -> bool:
        damaged = self._damaged.wait(timeout_s)
        self._check()
        return damaged

    def frame(self) -> Pixels:
        self._check()
        self.grabs += 1
        self._damaged.clear()
        return self._shown

    def cursor(self) -> CursorState:
        state, self.pointer = self.pointer, CursorState(self.pointer.x, self.pointer.y)
        return state

    def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.failure:
            raise self.failure
        self._shown = self._frame
        size = geometry(self._shown.shape[1], self._shown.shape[0])
        size = replace(size, monitors=self._monitors or size.monitors)
        if size != self._geometry:
            self._geometry = size
            raise GeometryChangedError


@dataclass
class Bench:
    """A feature whose messages go to a reference viewer that acknowledges at once."""

    frame: Pixels
    captures: list[FakeCapture] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    open_failures: list[CaptureError] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    reports: list[Stats] = field(default_factory=list)
    stats: list[Stats] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    kinds: list[OpKind] = field(default_factory=list)
    acknowledge: bool = True

    def __post_init__(self) -> None:
        self.viewer = ReferenceViewer()
        self.updates = 0
        self.feature = ScreenFeature(self.open, self.send, report=self.reports.append, on_error=self.errors.append)

    def open(self, mode: str) -> Capture:
        self.opened.append(mode)
        if self.open_failures:
            raise self.open_failures.pop(0)
        self.captures.append(FakeCapture(mode, self.frame))
        return self.captures[-1]

    def send(self, body: bytes) -> int:
        if body[0] == ScreenType.STATS:
            self.stats.append(decode_stats(body))
            return len(body)
        if body[0] == ScreenType.TROUBLE:
            self.troubles.append(decode_trouble(body))
            return len(body)
        update = self.viewer.receive(body)
        self.updates += 1
        self.kinds += [op.kind for op in update.ops]
        if self.acknowledge:
            self.feature.handle(Ack(update.frame_id, 1))
        return len(body) + 28

    def shows(self, frame: Pixels) -> bool:
        return self.viewer.picture.shape == frame[..., :3].shape and np.array_equal(self.viewer.picture, frame[..., :3])

    def draw(self, frame: Pixels) -> None:
        self.frame = frame
        self.captures[-1].draw(frame)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.005)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(text_page(453, 317))
    made.feature.start()
    until(lambda: made.shows(made.frame) and made.viewer.cursor_at is not None)
    yield made
    made.feature.stop()
    assert all(capture.closed for capture in made.captures)


def test_the_first_picture_starts_with_reset_and_size(bench: Bench) -> None:
    assert bench.kinds[:2] == [OpKind.ZRESET, OpKind.RESIZE]
    assert (bench.viewer.resizes[0].w, bench.viewer.resizes[0].h) == (453, 317)
    assert b'"fake"' in bench.viewer.resizes[0].data


def test_changes_arrive_and_stillness_sends_nothing(bench: Bench) -> None:
    for seed in (2, 3):
        page = text_page(453, 317, seed)
        bench.draw(page)
        until(lambda page=page: bench.shows(page))  # type: ignore[misc]
    updates, grabs = bench.updates, bench.captures[-1].grabs
    time.sleep(0.4)
    assert (bench.updates, bench.captures[-1].grabs) == (updates, grabs)


def test_damage_without_change_sends_nothing(bench: Bench) -> None:
    updates = bench.updates
    bench.draw(bench.frame.copy())
    until(lambda: bench.captures[-1].grabs >= 2)
    time.sleep(0.1)
    assert bench.updates == updates


def test_a_photo_is_refined_after_a_while(bench: Bench) -> None:
    picture = photo(453, 317)
    bench.draw(picture)
    until(lambda: psnr(bench.viewer.picture, picture[..., :3]) > 40)


def test_the_pointer_travels_apart_from_the_picture(bench: Bench) -> None:
    """OP-SET-CURSOR: shape and place of the remote pointer."""
    until(lambda: bench.viewer.cursor_at == (3, 4))
    assert bench.viewer.cursor is not None and bench.viewer.cursor.data == ARROW.rgba
    grabs = bench.captures[-1].grabs
    bench.captures[-1].pointer = CursorState(9999, -5)
    until(lambda: bench.viewer.cursor_at == (452, 0))
    assert bench.captures[-1].grabs == grabs


def test_the_pointer_can_be_switched_off_and_on(bench: Bench) -> None:
    until(lambda: bench.viewer.cursor is not None)
    bench.feature.handle(ViewRequest("fast", cursor=False))
    time.sleep(0.1)
    bench.viewer.cursor = None
    bench.captures[-1].pointer = CursorState(50, 50)
    time.sleep(0.15)
    assert bench.viewer.cursor_at == (3, 4)
    bench.feature.handle(ViewRequest("fast", cursor=True))
    until(lambda: bench.viewer.cursor is not None and bench.viewer.cursor_at == (50, 50))


def test_pause_stops_capturing_and_resume_sends_the_difference(bench: Bench) -> None:
    bench.feature.handle(Pause(True))
    until(lambda: bench.captures[-1].closed)
    updates, count = bench.updates, len(bench.captures)
    bench.frame = text_page(453, 317, 9)
    time.sleep(0.15)
    assert (bench.updates, len(bench.captures)) == (updates, count)
    bench.feature.handle(Pause(False))
    until(lambda: bench.shows(bench.frame))
    assert len(bench.viewer.resizes) == 1


def test_refresh_sends_everything_again(bench: Bench) -> None:
    """RC-REFRESH: a viewer that lost its picture gets all of it, with a new stream."""
    bench.viewer = ReferenceViewer()
    bench.feature.handle(Refresh())
    until(lambda: bench.shows(bench.frame) and bench.viewer.cursor is not None)
    assert bench.kinds.count(OpKind.ZRESET) == 2


def test_refresh_restarts_a_viewer_that_never_acknowledged(bench: Bench) -> None:
    bench.acknowledge = False
    for seed in range(20):
        bench.draw(text_page(453, 317, seed))
        time.sleep(0.02)
    bench.acknowledge = True
    bench.viewer = ReferenceViewer()
    bench.feature.handle(Refresh())
    until(lambda: bench.shows(bench.frame))


def test_the_way_to_capture_switches_during_the_session(bench: Bench) -> None:
    """RC-CAPMODE: the picture goes on without a restart."""
    bench.feature.handle(ViewRequest("compatible"))
    until(lambda: bench.opened == ["fast", "compatible"])
    bench.draw(text_page(453, 317, 5))
    until(lambda: bench.shows(bench.frame))
    assert bench.captures[0].closed and len(bench.viewer.resizes) == 1
    bench.feature.handle(ViewRequest("fast"))
    until(lambda: bench.opened == ["fast", "compatible", "fast"])


def test_colours_change_the_whole_picture_at_once_and_back(bench: Bench) -> None:
    """RC-QUALITY: also what has not changed on the screen is shown in the new colours."""
    bench.draw(photo(453, 317))
    until(lambda: bench.viewer.picture.shape == (317, 453, 3))
    bench.feature.handle(ViewRequest(colours="grey"))
    until(lambda: bool((np.ptp(bench.viewer.picture.astype(int), axis=2) < 3).all()))
    bench.feature.handle(ViewRequest(quality="economy", colours="full"))
    until(lambda: psnr(bench.viewer.picture, bench.frame[..., :3]) > 30)


def test_the_chosen_quality_reaches_the_encoder_and_the_frame_rate(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RC-QUALITY: JPEG quality and frame rate follow the viewer's choice."""
    seen: list[int] = []
    rates: list[float] = []
    encode, limit = TileEncoder.encode, FrameCap.limit
    monkeypatch.setattr(
        TileEncoder,
        "encode",
        lambda self, frame, limits: seen.append(limits.photo_quality) or encode(self, frame, limits),
    )
    monkeypatch.setattr(FrameCap, "limit", lambda self, rate: rates.append(rate) or limit(self, rate))
    for seed, quality in enumerate(("economy", "sharp")):
        bench.feature.handle(ViewRequest(quality=quality))
        until(lambda rule=RULES[quality]: rates[-1:] == [rule.frames_per_s])
        bench.draw(photo(453, 317, seed + 5))
        until(lambda rule=RULES[quality]: seen[-1:] == [rule.photo])


def test_another_resolution_begins_a_new_picture(bench: Bench) -> None:
    """RC-MON: monitors come and go."""
    bench.draw(text_page(320, 200))
    until(lambda: bench.shows(bench.frame))
    assert [(op.w, op.h) for op in bench.viewer.resizes] == [(453, 317), (320, 200)]


def test_a_capture_that_dies_is_opened_again(bench: Bench) -> None:
    bench.captures[-1].failure = CaptureError("CAPTURE_LOST")
    until(lambda: bench.opened == ["fast", "fast"])
    bench.draw(text_page(453, 317, 6))
    until(lambda: bench.shows(bench.frame))
    assert bench.errors == []


def test_a_capture_that_keeps_dying_is_replaced_by_the_compatible_one(bench: Bench) -> None:
    for count in (1, 2):
        bench.captures[-1].failure = CaptureError("CAPTURE_LOST")
        until(lambda count=count: len(bench.captures) > count)  # type: ignore[misc]
    assert bench.opened == ["fast", "fast", "compatible"]
    bench.draw(text_page(453, 317, 6))
    until(lambda: bench.shows(bench.frame))
    assert bench.errors == []


def test_when_nothing_works_it_is_reported_once_and_tried_again(bench: Bench) -> None:
    bench.open_failures = [CaptureError("CAPTURE_DENIED")] * 2
    bench.captures[-1].failure = CaptureError("CAPTURE_LOST")
    until(lambda: bench.errors == ["CAPTURE_DENIED"])
    bench.frame = text_page(453, 317, 7)
    until(lambda: bench.shows(bench.frame), seconds=8)
    assert bench.errors == ["CAPTURE_DENIED"]


def test_the_operator_hears_why_there_is_no_picture_and_that_it_is_back(bench: Bench) -> None:
    until(lambda: bench.shows(bench.frame))
    bench.open_failures = [CaptureError("CAPTURE_LOST")] * 4
    bench.captures[-1].failure = CaptureError("CAPTURE_LOST")
    until(lambda: bench.troubles == ["CAPTURE_LOST", ""], 12)


def test_a_black_screen_is_told_to_the_operator(bench: Bench) -> None:
    bench.draw(np.zeros_like(bench.frame))
    until(lambda: bench.troubles == ["SCREEN_BLACK"], 8)


def test_a_bug_of_ours_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread ends with a word, never without one."""
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    bench = Bench(text_page(64, 32))
    monkeypatch.setattr(bench, "open", lambda mode: 1 / 0)
    feature = ScreenFeature(bench.open, bench.send, report=bench.reports.append, on_error=bench.errors.append)
    feature.start()
    until(lambda: bench.errors == ["SCREEN_FAILED"])
    feature.stop()
    assert seen


def test_statistics_come_while_pictures_do_and_once_after(bench: Bench) -> None:
    until(lambda: len(bench.stats) == 2, seconds=4)
    assert bench.stats == bench.reports
    assert bench.stats[0].fps > 0 and bench.stats[0].latency_ms is not None
    assert (bench.stats[0].capture, bench.stats[0].width, bench.stats[0].height) == ("fast", 453, 317)
    assert bench.stats[1].fps == 0
    time.sleep(1.2)
    assert len(bench.stats) == 2


def test_without_acknowledgements_little_is_sent() -> None:
    """The first window is 48 KiB: a viewer that is gone does not fill the link."""
    bench = Bench(photo(1280, 720), acknowledge=False)
    bench.feature.start()
    time.sleep(0.5)
    bench.feature.stop()
    assert 0 < bench.updates < 13


@pytest.mark.parametrize("quality", ["auto", "sharp"])
def test_a_film_is_video_where_the_viewer_decodes_it_and_not_where_everything_shall_be_sharp(quality: str) -> None:
    """The codec is found beside the pictures, which come all the time."""
    pictures = film(640, 352, 30)
    bench = Bench(pictures[0])
    bench.feature.handle(ViewRequest(quality=quality))
    bench.feature.handle(Caps(("vp8", "unheard-of")))
    bench.feature.start()
    until(lambda: bool(bench.captures))
    deadline = time.monotonic() + (20 if quality == "auto" else 2)
    while OpKind.VIDEO not in bench.kinds and time.monotonic() < deadline:
        for picture in pictures:
            bench.draw(picture)
            time.sleep(0.02)
    bench.feature.stop()
    assert (OpKind.VIDEO in bench.kinds) == (quality == "auto") and OpKind.JPEG in bench.kinds
    assert {stats.codec for stats in bench.stats} <= {"", "vp8"}
    if quality == "auto":
        assert not bench.errors and psnr(bench.viewer.picture, bench.frame[..., :3]) > 25


def test_stop_works_without_start_and_twice() -> None:
    bench = Bench(text_page(64, 32))
    bench.feature.handle(Caps(("h264",)))
    bench.feature.stop()
    bench.feature.stop()
    assert bench.updates == 0


def test_one_monitor_of_two_is_shown_and_clicks_belong_to_it(bench: Bench) -> None:
    """RC-MON: a new picture of that monitor, the pointer inside of it, and the whole one again."""
    bench.captures[-1].split(200)
    until(lambda: len(bench.viewer.resizes) == 2)
    bench.feature.handle(ViewRequest(monitor=1))
    until(lambda: bench.shows(bench.frame[:, 200:]))
    assert b'"shown":1' in bench.viewer.resizes[-1].data
    assert bench.feature.origin() == (200, 0)
    bench.captures[-1].pointer = CursorState(210, 9)
    until(lambda: bench.viewer.cursor_at == (10, 9))
    bench.feature.handle(ViewRequest())
    until(lambda: bench.shows(bench.frame))
    assert bench.feature.origin() == (0, 0)
