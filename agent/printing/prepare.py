"""A document of the operator -> a plain PDF of the chosen pages. Run as a child process, since files from outside are parsed:
`agent-exe --prepare-print IN KIND PAGES OUT`; prints {"pages": 3} or {"code": "BROKEN"}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from agent.overlay.fonts import Font, font_file
from agent.printing.problems import BAD_PAGES, BROKEN, PROTECTED, TOO_LARGE, TOO_LONG, DocumentError
from wizhelper.protocol.printing import pages_of

MAX_PAGES = 500
MAX_PIXELS = 80_000_000
MEMORY_BYTES = 2 * 1024 * 1024 * 1024
_PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD of fpdfview.h."""

A4 = (595.0, 842.0)
"""Points, 1/72 inch."""
MARGIN = 36.0
_SCREEN_DPI = 96
"""An image is not printed larger than it is on a screen."""
_TEXT_DPI, _TEXT_PIXELS, _LINE_PIXELS = 150, 22, 31
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
_TAB = 8


def prepare(data: bytes, kind: str, pages: str) -> tuple[bytes, int]:
    """-> the PDF and its number of pages. Raises DocumentError."""
    made = {"pdf": _from_pdf, "image": _from_image, "text": _from_text}[kind](data)
    try:
        chosen = pages_of(pages, len(made))
        if chosen is None:
            raise DocumentError(BAD_PAGES)
        if len(chosen) > MAX_PAGES:
            raise DocumentError(TOO_LONG)
        return _only(made, chosen), len(chosen)
    except pypdfium2.PdfiumError as problem:
        raise DocumentError(BROKEN) from problem
    finally:
        made.close()


def _only(document: pypdfium2.PdfDocument, chosen: list[int]) -> bytes:
    """A new document also drops scripts, forms' actions and attachments."""
    target, out = pypdfium2.PdfDocument.new(), BytesIO()
    target.import_pages(document, chosen)
    target.save(out)
    target.close()
    return out.getvalue()


def _from_pdf(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
        if len(document) == 0:
            raise DocumentError(BROKEN)
        return document
    except pypdfium2.PdfiumError as problem:
        raise DocumentError(PROTECTED if problem.err_code == _PASSWORD_ERROR else BROKEN) from problem


def _from_image(data: bytes) -> pypdfium2.PdfDocument:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses what is twice as large
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as found:
            image = _on_white(ImageOps.exif_transpose(found))
    except Image.DecompressionBombError as problem:
        raise DocumentError(TOO_LARGE) from problem
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as problem:
        raise DocumentError(BROKEN) from problem
    document = pypdfium2.PdfDocument.new()
    width, height = A4 if image.height >= image.width else A4[::-1]
    scale = min((width - 2 * MARGIN) / image.width, (height - 2 * MARGIN) / image.height, 72 / _SCREEN_DPI)
    _place(document, image, (width, height), scale)
    return document


def _on_white(image: Image.Image) -> Image.Image:
    straight = image.convert("RGBA")
    white = Image.new("RGBA", straight.size, "white")
    return Image.alpha_composite(white, straight).convert("RGB")


def _place(document: pypdfium2.PdfDocument, image: Image.Image, size: tuple[float, float], scale: float) -> None:
    """A page with the image in its middle; `scale`: points for a pixel."""
    width, height = image.width * scale, image.height * scale
    matrix = pypdfium2.PdfMatrix().scale(width, height).translate((size[0] - width) / 2, (size[1] - height) / 2)
    placed = pypdfium2.PdfImage.new(document)
    placed.set_bitmap(pypdfium2.PdfBitmap.from_pil(image))
    placed.set_matrix(matrix)
    page = document.new_page(*size)
    page.insert_obj(placed)
    page.gen_content()


def _from_text(data: bytes) -> pypdfium2.PdfDocument:
    """Drawn as pictures: with any other font the printer would have to know Hangul."""
    document = pypdfium2.PdfDocument.new()
    pixels = round(A4[0] / 72 * _TEXT_DPI), round(A4[1] / 72 * _TEXT_DPI)
    margin = round(MARGIN / 72 * _TEXT_DPI)
    file = font_file(bold=False)
    font: Font = ImageFont.truetype(file, _TEXT_PIXELS) if file else ImageFont.load_default(_TEXT_PIXELS)
    lines = list(_wrapped(_words(data), font, pixels[0] - 2 * margin))
    per_page = (pixels[1] - 2 * margin) // _LINE_PIXELS
    if len(lines) > per_page * MAX_PAGES:
        raise DocumentError(TOO_LONG)
    for begin in range(0, max(len(lines), 1), per_page):
        image = Image.new("L", pixels, 255)
        brush = ImageDraw.Draw(image)
        for row, line in enumerate(lines[begin : begin + per_page]):
            brush.text((margin, margin + row * _LINE_PIXELS), line, font=font, fill=0)
        _place(document, image, A4, 72 / _TEXT_DPI)
    return document


def _words(data: bytes) -> str:
    """UTF-8, or what older Korean Windows programs write. Raises DocumentError."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DocumentError(BROKEN)


def _wrapped(text: str, font: Font, room: int) -> Iterator[str]:
    """Lines that fit into `room` pixels; a line is broken between any two characters, as it is usual for Hangul."""
    widths: dict[str, float] = {}
    for line in text.replace("\f", "\n").splitlines():
        shown = "".join(char for char in line.expandtabs(_TAB) if char.isprintable())
        begin, used = 0, 0.0
        for at, char in enumerate(shown):
            width = widths.get(char)
            if width is None:
                width = widths[char] = font.getlength(char)
            if used + width > room:
                yield shown[begin:at]
                begin, used = at, 0.0
            used += width
        yield shown[begin:]


def _bound_memory() -> None:
    """A document that makes the parser ask for more ends this process, and nothing else."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def main(arguments: Sequence[str] | None = None) -> int:
    source, kind, pages, target = sys.argv[1:] if arguments is None else arguments
    _bound_memory()
    try:
        made, count = prepare(Path(source).read_bytes(), kind, pages)
        Path(target).write_bytes(made)
        print(json.dumps({"pages": count}))
    except DocumentError as problem:
        print(json.dumps({"code": problem.code}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
