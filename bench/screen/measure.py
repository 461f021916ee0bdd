"""One scene on one target: what was drawn beside what the browser showed, and what it cost."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil
from playwright.sync_api import Page, Worker

from agent.capture.x11 import X11Capture
from bench.screen.marker import EXACT, READER, fingerprint
from bench.screen.scenes import SCENES
from bench.screen.targets import Target

SETTLE_S = 1.5
#: The first picture of a scene is over when this little comes in one look.
_QUIET_BYTES, _LOOK_S = 4096, 0.5
_MOST_SETTLE_S = 20.0
_MOST_FOLLOW_S = 6.0
_MOST_EXACT_S = 8.0

Times = Sequence[tuple[int, float]]
"""(marker, seconds on the same clock), in the order of time."""


@dataclass(frozen=True)
class Run:
    """Latencies in ms, one for each drawn marker that was seen or followed; CPU in percent of one core.

    `reader_cpu` is the part of `browser_cpu` that reading the markers takes (as time passed, so at most that much).
    """

    drawn: int
    latencies: tuple[float, ...]
    frames_per_s: float
    bytes_per_s: float
    agent_cpu: float
    server_cpu: float
    browser_cpu: float
    reader_cpu: float
    #: From the end of the scene until every pixel in the browser is the screen's; None: not within 8 s.
    exact_ms: float | None = None

    def percentile(self, share: float) -> float:
        """Of the latencies; NaN without any."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def plausible(seen: Times, drawn: Times) -> list[tuple[int, float]]:
    """Without what a half-drawn picture reads as: numbers that were not drawn yet, and steps back."""
    drawn_at = dict(drawn)
    kept: list[tuple[int, float]] = []
    for number, at in seen:
        later = not kept or number > kept[-1][0]
        if later and number in drawn_at and at > drawn_at[number]:
            kept.append((number, at))
    return kept


def latencies(seen: Times, drawn: Times) -> list[float]:
    """Seconds from each drawing until a picture at least as new was seen: frames that are left out count, too."""
    numbers = [number for number, _ in seen]
    found = []
    for number, at in drawn:
        index = bisect_left(numbers, number)
        if index < len(seen):
            found.append(seen[index][1] - at)
    return found


def page_clock(page: Page | Worker) -> float:
    """What to add to the performance.now() / 1000 of a page or worker to get our monotonic clock; from the quickest of 40 questions."""
    answers: list[tuple[float, float]] = []
    for _ in range(40):
        before = time.monotonic()
        there = page.evaluate("performance.now()") / 1000
        after = time.monotonic()
        answers.append((after - before, (before + after) / 2 - there))
    return min(answers)[1]


def cpu_seconds(pids: Iterable[int]) -> float:
    """Of these processes and all that they started."""
    total = 0.0
    for pid in pids:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            used = process.cpu_times()
            total += used.user + used.system
    return total


def browser_pids() -> list[int]:
    """Chromium's first process: a descendant of ours whose parent is not Chromium."""
    family = psutil.Process().children(recursive=True)
    chromes = {process.pid: process for process in family if "chrom" in process.name()}
    return [pid for pid, process in chromes.items() if process.ppid() not in chromes]


class Scenery:
    """The process that draws."""

    def __init__(self, target: Target, scene: str, seconds: float) -> None:
        command = [sys.executable, "-m", "bench.screen.scenes", scene, str(seconds)]
        environment = target.desktop.environment
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the scene ended before its time")
        return line

    def _go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def play(self) -> list[tuple[int, float]]:
        self._go_on()
        return [(number, at) for number, at in json.loads(self._line())]

    def close(self) -> None:
        self._go_on()
        self._process.wait(10)


def settle(target: Target) -> None:
    """Until the first picture and its refinement are through: on a slow line that takes seconds."""
    time.sleep(SETTLE_S)
    deadline = time.monotonic() + _MOST_SETTLE_S
    carried = -_QUIET_BYTES
    while target.proxy.bytes_down - carried >= _QUIET_BYTES and time.monotonic() < deadline:
        carried = target.proxy.bytes_down
        time.sleep(_LOOK_S)


def follow(target: Target, last: int) -> None:
    """Until the last marker is seen, for a while: what is still under way counts, too."""
    deadline = time.monotonic() + _MOST_FOLLOW_S
    while target.reader.evaluate("marker.last()") != last and time.monotonic() < deadline:
        time.sleep(_LOOK_S)


def exact_after(target: Target, begin: float, offset: float) -> float | None:
    """Milliseconds from `begin` until the canvas shows the screen of now exactly; None: not while we waited."""
    screen = X11Capture(target.desktop.display)
    screen.start()
    arguments = [target.canvas, fingerprint(screen.frame()[..., 2::-1]), 1000 * _MOST_EXACT_S]
    screen.close()
    at = target.reader.evaluate(EXACT, arguments)
    return None if at is None else 1000 * (at / 1000 + offset - begin)


def run(target: Target, scene: str, seconds: float) -> Run:
    """Plays the scene once; the reader's page is in front."""
    target.page.bring_to_front()
    scenery = Scenery(target, scene, seconds)
    settle(target)
    offset = page_clock(target.reader)
    target.reader.evaluate(READER, [target.canvas, *SCENES[scene].marker_at])
    cpu = (target.agent_pids, target.server_pids, browser_pids())
    begin, used, carried = time.monotonic(), [cpu_seconds(pids) for pids in cpu], target.proxy.bytes_down
    drawn = scenery.play()
    took = time.monotonic() - begin
    spent = [100 * (cpu_seconds(pids) - before) / took for pids, before in zip(cpu, used, strict=True)]
    carried = target.proxy.bytes_down - carried
    exact = exact_after(target, begin + took, offset)
    if drawn:
        follow(target, drawn[-1][0])
    looked = time.monotonic() - begin
    numbers, looking_ms = target.reader.evaluate("marker.stop()")
    scenery.close()
    shown = plausible([(number, at / 1000 + offset) for number, at in numbers], drawn)
    frames = sum(1 for _, at in shown if at < begin + took) / took
    found = tuple(1000 * seconds for seconds in latencies(shown, drawn))
    reader = looking_ms / 10 / looked
    return Run(len(drawn), found, frames, carried / took, *spent, reader, exact)


def median(runs: Sequence[Run], what: str) -> float:
    """The median over runs of p50, p95 or of a field of Run."""
    share = {"p50": 0.5, "p95": 0.95}.get(what)
    return statistics.median(float(getattr(run, what)) if share is None else run.percentile(share) for run in runs)
