"""Printing by a real CUPS with a real (PDF) printer, what comes out compared as pictures. RC-PRINT"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from agent.printing.child import prepare_in_child
from agent.printing.cups import CupsSpool
from agent.printing.interface import Progress, SpoolError
from tests.cups_server import Cups, cups_server


@pytest.fixture(scope="module")
def cups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cups]:
    with cups_server(tmp_path_factory.mktemp("cups")) as made:
        yield made


@pytest.fixture
def spool(cups: Cups, monkeypatch: pytest.MonkeyPatch) -> CupsSpool:
    monkeypatch.setenv("CUPS_SERVER", str(cups.socket))
    return CupsSpool()


def pages(file: Path) -> list[Image.Image]:
    """Each page at 72 dpi, in grey; drawn larger, for a printer may have made dots of its lines."""
    document = pypdfium2.PdfDocument(file.read_bytes())
    return [page.render(scale=4).to_pil().convert("L").reduce(4) for page in document]


def same(one: Image.Image, other: Image.Image) -> bool:
    """Whether an eye would say so: edges differ by renderer, yet most of the ink is where it should be."""
    soft = [image.resize(one.size).filter(ImageFilter.BoxBlur(2)) for image in (one, other)]
    difference = np.asarray(ImageChops.difference(*soft)).astype(float).mean()
    ink = 255 - np.asarray(soft[1]).astype(float).mean()
    return bool(difference < 0.25 * ink)


def until_over(spool: CupsSpool, job: int) -> str:
    deadline = time.monotonic() + 40
    while (found := spool.progress(job)).state not in ("done", "failed", "cancelled"):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found.state


def drawing() -> Image.Image:
    image = Image.new("RGB", (600, 400), "white")
    brush = ImageDraw.Draw(image)
    brush.ellipse((50, 50, 300, 300), fill="#204080")
    brush.rectangle((350, 150, 560, 380), outline="#a03030", width=12)
    return image


def test_the_printers_are_listed(spool: CupsSpool) -> None:
    (printer,) = spool.printers()
    assert (printer.name, printer.label, printer.standard, printer.ready) == ("Office", "사무실 프린터", True, True)


@pytest.mark.parametrize("kind", ["pdf", "image", "text"])
def test_what_is_sent_comes_out_on_paper(cups: Cups, spool: CupsSpool, tmp_path: Path, kind: str) -> None:
    data = {"image": BytesIO(), "pdf": BytesIO(), "text": BytesIO("가나다라 ABC 123\n".encode() * 5)}[kind]
    if kind != "text":
        drawing().save(data, "PNG" if kind == "image" else "PDF")
    source, made = tmp_path / "source", tmp_path / "made.pdf"
    source.write_bytes(data.getvalue())
    assert prepare_in_child(source, kind, "", made) == 1
    title = f"wizhelper{uuid.uuid4().hex}"
    job = spool.submit("Office", made, title, 1)
    assert until_over(spool, job) == "done"
    out = cups.printed(title)
    (expected,), (printed,) = pages(made), pages(out)
    out.unlink()
    assert np.asarray(expected).min() < 100, "there is something on the page"
    fitted = expected if expected.size == printed.size else _fitted(expected, printed.size)
    assert same(printed, fitted)


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """As CUPS puts a page of another size onto the paper: turned if that fits better, in the middle."""
    if (image.width > image.height) != (size[0] > size[1]):
        image = image.rotate(90, expand=True)
    scale = min(1.0, size[0] / image.width, size[1] / image.height)
    small = image.resize((round(image.width * scale), round(image.height * scale)))
    page = Image.new("L", size, 255)
    page.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    return page


def test_a_printer_that_is_stopped_holds_the_job_which_can_be_cancelled(
    cups: Cups, spool: CupsSpool, tmp_path: Path
) -> None:
    made = tmp_path / "made.pdf"
    drawing().save(made, "PDF")
    cups.run("cupsdisable", "Office")
    try:
        assert [printer.ready for printer in spool.printers()] == [False]
        job = spool.submit("Office", made, "held", 2)
        assert spool.progress(job) == Progress("held", 0, "PRINTER_STOPPED")
        spool.cancel(job)
        assert until_over(spool, job) == "cancelled"
        spool.cancel(job)
    finally:
        cups.run("cupsenable", "Office")


def test_a_printer_that_is_not_there(spool: CupsSpool, tmp_path: Path) -> None:
    made = tmp_path / "made.pdf"
    drawing().save(made, "PDF")
    with pytest.raises(SpoolError) as refused:
        spool.submit("No such/printer", made, "title", 1)
    assert refused.value.code == "PRINTER_GONE"


def test_without_cups_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "nothing"))
    with pytest.raises(SpoolError) as refused:
        CupsSpool().printers()
    assert refused.value.code == "NO_PRINTING"
