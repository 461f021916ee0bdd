"""The operator's document on a real printer of the customer's PC, from the console's panel to the paper (a PDF). RC-PRINT"""

from __future__ import annotations

import uuid
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.cups_server import cups_server
from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import LONG_MS, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow

COLOURS = [(200, 30, 30), (30, 160, 30), (30, 30, 200)]


def three_pages() -> bytes:
    """Red, green, blue, over one MiB so that it goes in many pieces."""
    noise = Image.effect_noise((1000, 1200), 40)
    pages = []
    for colour in COLOURS:
        page = Image.new("RGB", (1000, 1400), colour)
        page.paste(noise.convert("RGB"), (0, 200))
        pages.append(page)
    out = BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], quality=95)
    return out.getvalue()


def tops(file: Path) -> list[str]:
    """The strongest colour at the top of each page."""
    document = pypdfium2.PdfDocument(file.read_bytes())
    found = []
    for page in document:
        image = page.render(scale=1).to_pil().convert("RGB")
        red, green, blue = image.getpixel((image.width // 2, 30 + image.height // 20))
        found.append("red" if red > max(green, blue) else "green" if green > blue else "blue")
    return found


def test_a_document_is_printed_at_the_customers(
    server: Appliance, screen: Desktop, chromium: Browser, tmp_path: Path
) -> None:
    title = f"{uuid.uuid4().hex[:12]}-견적서"  # cups-pdf keeps the first letters only
    with cups_server(tmp_path / "cups") as cups:
        screen.extra_environment["CUPS_SERVER"] = str(cups.socket)
        page = harness.new_context(chromium).new_page()
        problems = harness.watch_errors(page)
        harness.log_in(page, server)
        with harness.agent(screen, server, "--number", waiting_number(page), "--yes") as agent:
            row_in_state(page, "ACTIVE")
            open_control(page)
            eventually("the panel is there", lambda: page.get_by_test_id("panel-print").is_enabled())
            page.get_by_test_id("panel-print").click()
            expect(page.get_by_test_id("print-printer")).to_have_value("Office", timeout=LONG_MS)
            expect(page.get_by_test_id("print-printer")).to_contain_text("사무실 프린터")
            picker = page.get_by_test_id("print-picker")
            picker.set_input_files({"name": "setup.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"})
            expect(page.get_by_test_id("print-note")).to_contain_text("PDF")
            picker.set_input_files({"name": f"{title}.pdf", "mimeType": "application/pdf", "buffer": three_pages()})
            page.get_by_test_id("print-pages").fill("3-1")
            expect(page.get_by_test_id("print-go")).to_be_disabled()
            page.get_by_test_id("print-pages").fill("3, 1")
            page.get_by_test_id("print-copies").fill("2")
            page.get_by_test_id("print-go").click()
            job = page.get_by_test_id("print-job").first
            expect(job).to_have_attribute("data-state", "done", timeout=60_000)
            harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            out = cups.printed(title.partition("-")[0])
            assert tops(out) in (["blue", "red"], ["blue", "red"] * 2), "cups-pdf may leave the copies to the printer"
            out.unlink()
            assert any(title in line["text"] for line in agent.events("chat")), "the customer was told"
            assert ["printing"] in [event["names"] for event in agent.events("activities")]

            picker.set_input_files({"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\nnot really"})
            page.get_by_test_id("print-pages").fill("")
            page.get_by_test_id("print-go").click()
            broken = page.get_by_test_id("print-job").first
            expect(broken).to_have_attribute("data-code", "BROKEN", timeout=LONG_MS)
            expect(broken).to_contain_text("손상")
            cups.run("cupsdisable", "Office")
            picker.set_input_files({"name": "held.txt", "mimeType": "text/plain", "buffer": "가나다".encode()})
            page.get_by_test_id("print-go").click()
            held = page.get_by_test_id("print-job").first
            expect(held).to_have_attribute("data-state", "held", timeout=LONG_MS)
            page.screenshot(path=harness.SCREENSHOTS / "print.png")
            held.get_by_test_id("print-cancel").click()
            expect(held).to_have_attribute("data-state", "cancelled", timeout=LONG_MS)
            page.get_by_test_id("end-session").first.click()
            page.get_by_test_id("confirm-yes").click()
            eventually("the agent ends", lambda: agent.process.poll() is not None)
    assert problems == []
