"""A document becomes a plain PDF in a child process; what is broken is refused with a reason. RC-PRINT"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from agent.printing.child import prepare_in_child
from agent.printing.prepare import prepare
from agent.printing.problems import DocumentError

# An empty page that Ghostscript wrote with the password "a", deflated.
PROTECTED_PDF = (
    "eNqtVs1v3EQUB9ED8qEqXEDqoaPQyCmqdzzjtb1r1htt9qNNm01Wu0mJGhfJsWc3Zr22scfsbpCQuHLhP+DAhT+CQyWEhLiCekHiwoEeQEJCiA"
    "Mc4NnxZtOkKj3U+dDMe7/3e2/evHkzq71WRyIlXVj99rfPvhBWVzeDD0PH5l4YGGiUIOkDJLnbO73G3qANo43GbvM2kpJW+95ms21G7nAae5yB"
    "phlOopglSScMeGLyOAVhspewuGcnyTSMXXMdBDvT4EmJ2w6ceB5l/vqmAvO7bL7FghE/MgmtZBYpj1Le8XwGcPgRVCSj8PB9oVbDJ0CkgaSPAc"
    "JZjHDHtzlrMSd0Wb0uJDxm9kSYX/5hdEU9vja+euWXL/e5dUn945Orb//IArcAwCgj1Qpyqiwk5aW73XnEcM8eMdxlrmdvhDN0IINaraqoUqYP"
    "BFDGLOBIyQIScJ8lYRo7LAHbXhw6A8YPMOT7gQCB4SYkCsAJUnM0iAqPyqlHlLtEuc8E4buem6CDPKK+8AABQwrOyBlT8mSwALG57YejBUURWJ"
    "dx2wUN0s+51s8tdgEU8CA95Jlkv7u1SDshulKvF/mrrc8i2xkzjg7ZyAtM8fevHorIc03xXbUrd6MmO/JuH8dscLy96xyPnaorrtfByga/TJrZ"
    "kTTM9y9BLHHMlWZ/q7OSAWbGbBJNIAw0m/hBYsxMMTcxYJyJsYhyCB+b4n63h3gY+mOPI1qqlohElJtoGNsTBuU2RqSkiUAZu0Oj3+oUhDAzxS"
    "POIwPj6XRamiqlMB5hUq1WsUwxpRIgpGQecHsmBclbYmHn7Z+aBUkpj6nkhBPs7WNSkvHCUQuWE3t5faNsbh+GKTdXVgqW6Iz3J2hAATwKLA9G"
    "BlSPmzosNsVbvS106yhM+AktInJJhl8RP58/yNTT/cEOFHHXAGN0Q9cbzltwkupUpppEiESVXUoMVTFU9X4NnwMJuVUTSgHO3rOtzoDOWIXxLu"
    "xcfS8YB+E0aESR7510oTNGBaaGzy30OZduR93usxc/mWTllOGMVuikEziemy1TTFPPNZhra65CyhIZ2vCPDF1Jhk+qEHIIB8GRVVt/3l1wndM4"
    "ojT284JzHcx8lrlMIBYCgbiOMQzjic2h5Jf5yCoDNgmU3OM+q+f+Gj4/Gfhe5sLw7WBkijPJZUM79bkIec3R7knufK9IYm6Hl1xPySwujks2PD"
    "2MdQG9oO/FES07EDQzU5xm/eVCf6fLBrc4U2sji1LZoprmWTItW0pZt6gu37GoChNKU5DK+Z+iAKwsf2wpmvwOzNRsNrdkBQy08g1o6VmVQtqy"
    "4l5zLUWnlkLkuQ18BHg169BSVAru6PXBlkUVBYRknA2ATlaARQc6mQCvAnRwvl4IU71erL6yXP3ithxwO3Dt2EX4HqLotLXD1Yv7cF3gHirTar"
    "mq6bQK6h20tvc6f/O7X7++NFj9SL9/+a/PyZ3R+qG19uibn8ho8+fJ45sQ+B5ae+X+G/9cs4K73z9+7dH1l/5sdKy1h9vvbaefNtyXtu/9+/fL"
    "r95YXjuzmA0FGVUF+fRDmqoqKhqihayswd7lmmAhI7qunpfJZVm5IKOV6gUZ0SsXcTq5IFOpdl4Gve0MH49teJzE+XU98I4ZqkLqwhBac3a5Ir"
    "wZDENETy7ezRY6qGmEVOQGUTbohtpqVCq0pat6W2s35Q6FyirX/x8BT43i3YQquZf8pWPHPM8kJRUCL7n2Tkf4D/q24tA="
)


def pdf(*widths: int) -> bytes:
    """One page for each width."""
    document, out = pypdfium2.PdfDocument.new(), BytesIO()
    for width in widths:
        document.new_page(width, 100)
    document.save(out)
    return out.getvalue()


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return out.getvalue()


def sizes(data: bytes) -> list[tuple[int, int]]:
    document = pypdfium2.PdfDocument(data)
    return [(round(page.get_width()), round(page.get_height())) for page in document]


@pytest.mark.parametrize(
    ("pages", "widths"), [("", [100, 200, 300, 400]), ("2", [200]), ("3-4,1", [300, 400, 100]), ("1-1", [100])]
)
def test_only_the_chosen_pages_are_left(pages: str, widths: list[int]) -> None:
    made, count = prepare(pdf(100, 200, 300, 400), "pdf", pages)
    assert [width for width, _ in sizes(made)] == widths
    assert count == len(widths)


def test_an_image_lies_on_a_page_of_its_direction() -> None:
    assert sizes(prepare(png(400, 300), "image", "")[0]) == [(842, 595)]
    assert sizes(prepare(png(30, 40, "RGBA"), "image", "")[0]) == [(595, 842)]


def test_text_is_broken_into_lines_and_pages() -> None:
    text = "\n".join(f"{number} 가나다라마바사 abc\tdef" for number in range(120))
    made, count = prepare(text.encode("utf-8-sig"), "text", "")
    assert count == 3 and sizes(made) == [(595, 842)] * 3
    assert prepare(("가" * 5000).encode("cp949"), "text", "")[1] == 2
    assert prepare(b"", "text", "")[1] == 1


@pytest.mark.parametrize(
    ("data", "kind", "pages", "code"),
    [
        (b"%PDF-1.7\nnonsense", "pdf", "", "BROKEN"),
        (b"", "pdf", "", "BROKEN"),
        (png(10, 10), "pdf", "", "BROKEN"),
        (png(300, 300)[:200], "image", "", "BROKEN"),
        (b"GIF89a", "image", "", "BROKEN"),
        (b"%!PS\nshowpage", "image", "", "BROKEN"),
        (b"\xff\xfe\x00\x80\xff", "text", "", "BROKEN"),
        (b"a\0b", "text", "", "BROKEN"),
        (pdf(100, 100), "pdf", "1-3", "BAD_PAGES"),
        (pdf(100), "pdf", ",".join(["1"] * 50), ""),
        (b"\n" * 40_000, "text", "", "TOO_LONG"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_a_reason(data: bytes, kind: str, pages: str, code: str) -> None:
    if not code:
        assert prepare(data, kind, pages)[1] == 50
        return
    with pytest.raises(DocumentError) as refused:
        prepare(data, kind, pages)
    assert refused.value.code == code


def test_a_document_with_a_password_says_so() -> None:
    with pytest.raises(DocumentError) as refused:
        prepare(zlib.decompress(base64.b64decode(PROTECTED_PDF)), "pdf", "")
    assert refused.value.code == "PROTECTED"


def test_an_image_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(DocumentError) as refused:
        prepare(png(20_000, 5_000, "1"), "image", "")
    assert refused.value.code == "TOO_LARGE"


@pytest.mark.parametrize(
    "spoil", [lambda data: data[: len(data) // 2], lambda data: data[50:], lambda data: b"\xff" * 5000]
)
def test_in_the_child_too(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    source, target = tmp_path / "in", tmp_path / "out.pdf"
    source.write_bytes(pdf(100, 200))
    assert prepare_in_child(source, "pdf", "2", target) == 1
    assert sizes(target.read_bytes()) == [(200, 100)]
    source.write_bytes(spoil(png(300, 300)))
    with pytest.raises(DocumentError):
        prepare_in_child(source, "image", "", target)
