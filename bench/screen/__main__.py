"""Ours beside VNC's, in one run, one after the other for each scene and round; prints a Markdown table.

python -m bench.screen [--target wizhelper,x11vnc,tigervnc,meshcentral] [--scene typing,scroll,drag,video,busy,idle]
                       [--rounds 3] [--seconds 6] [--link 5mbit,20ms]

Two commits or settings of the product: --target wizhelper,wizhelper@main~3,wizhelper+economy
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from bench.screen.measure import Run, median, run
from bench.screen.scenes import SCENES
from bench.screen.targets import TARGETS, MissingPackageError, Opener, Target, opener
from bench.slow_link import Link
from tests.e2e import harness

Found = dict[tuple[str, str], list[Run]]


def _targets(text: str) -> list[tuple[str, Opener]]:
    return [(name, opener(name)) for name in text.split(",")]


def _scenes(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in SCENES]:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(SCENES)}")
    return names


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--target", type=_targets, default=list(TARGETS.items()), help="default: all programs")
    options.add_argument("--scene", type=_scenes, default=list(SCENES), help="default: all")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=6.0)
    options.add_argument("--link", type=Link.parse, default=Link(), help="rate and one-way delay, as 5mbit,20ms")
    return options.parse_args()


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def measure(options: argparse.Namespace, folder: Path) -> Found:
    """(scene, target) -> one Run a round. Progress with the load average goes to standard error."""
    found: Found = defaultdict(list)
    with ExitStack() as stack:
        made = stack.enter_context(harness.browser())
        opened: dict[str, Target] = {}
        for number, (name, open_target) in enumerate(options.target):
            own = folder / str(number)
            own.mkdir()
            opened[name] = stack.enter_context(open_target(own, made, options.link))
        for round_number in range(options.rounds):
            for scene in options.scene:
                for name, target in opened.items():
                    found[scene, name].append(run(target, scene, options.seconds))
                    print(f"round {round_number + 1} {scene} {name}, load {_load()}", file=sys.stderr)
    return found


def row(scene: str, target: str, runs: list[Run]) -> str:
    """A line of the table; n is how many markers were drawn, and how many of them never came."""
    drawn = sum(run.drawn for run in runs)
    lost = drawn - sum(len(run.latencies) for run in runs)
    cpu = [f"{median(runs, part):.0f}" for part in ("agent_cpu", "server_cpu", "browser_cpu", "reader_cpu")]
    latency = f"{median(runs, 'p50'):.0f} / {median(runs, 'p95'):.0f}" if drawn else "-"
    frames = f"{median(runs, 'frames_per_s'):.1f}" if drawn else "-"
    wire = f"{median(runs, 'bytes_per_s') * 8 / 1e6:.3f}"
    count = f"{drawn}" + (f" ({lost} lost)" if lost else "")
    exact = sorted(run.exact_ms for run in runs if run.exact_ms is not None)
    when = f"{exact[len(exact) // 2]:.0f}" if 2 * len(exact) > len(runs) else "no"
    cells = (scene, target, latency, frames, wire, f"{' / '.join(cpu[:3])} ({cpu[3]})", when, count)
    return f"| {' | '.join(cells)} |"


def main() -> int:
    options = _options()
    before = _load()
    with tempfile.TemporaryDirectory(prefix="wizhelper-bench-") as name:
        try:
            found = measure(options, Path(name))
        except MissingPackageError as missing:
            print(f"Something to compare with is missing: {missing}", file=sys.stderr)
            return 1
    print(
        "| scene | target | p50 / p95 ms | frames/s | Mbit/s | CPU %: agent + X / server / browser (of it the reader) "
        "| exact after ms | n |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for (scene, target), runs in found.items():
        print(row(scene, target, runs))
    print(f"\nMedian of {options.rounds} rounds of {options.seconds:.0f} s.", end=" ")
    print(f"Load average {before} before, {_load()} after, on {os.cpu_count()} cores.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
