"""The audit page in a real browser: search, verification, a break that is named; and search in the login records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from tests.e2e import harness
from tests.e2e.harness import Appliance
from wizhelper.store.audit import AuditLine
from wizhelper.store.database import Database, sqlite_url

pytestmark = pytest.mark.slow


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    made = harness.new_context(chromium).new_page()
    yield made
    made.context.close()


def _search(page: Page, text: str) -> None:
    page.get_by_test_id("audit-q").fill(text)
    page.get_by_test_id("audit-search").click()


def test_acts_are_found_and_a_forged_line_is_named(page: Page, server: Appliance) -> None:
    errors = harness.watch_errors(page)
    harness.log_in(page, server, "boss")
    page.get_by_test_id("nav-faults").click()
    page.get_by_test_id("fault-code").fill("keyboard")
    page.get_by_test_id("fault-name").fill("키보드 고장")
    page.get_by_test_id("fault-save").click()
    expect(page.get_by_test_id("fault-active-keyboard")).to_be_visible()
    page.get_by_test_id("nav-audit").click()
    _search(page, "키보드 고장")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("장애유형 추가")
    page.get_by_test_id("audit-verify").click()
    verdict = page.get_by_test_id("audit-verdict")
    expect(verdict).to_contain_text("변경된 줄이 없습니다")
    page.screenshot(path=harness.SCREENSHOTS / "audit.png")
    db = Database(sqlite_url(server.data / "wizhelper.db"))
    query = select(AuditLine.seq, AuditLine.actor).where(AuditLine.body.contains("키보드 고장"))
    seq, actor = db.look(lambda s: s.execute(query).one())
    change = update(AuditLine).where(AuditLine.seq == seq)
    db.transact(lambda s: s.execute(change.values(actor="account:77")))
    page.get_by_test_id("audit-verify").click()
    expect(verdict).to_contain_text(f"{seq}번 줄이 변경되었습니다")
    page.screenshot(path=harness.SCREENSHOTS / "audit-break.png")
    db.transact(lambda s: s.execute(change.values(actor=actor)))  # other tests find the chain whole
    db.stop()
    assert errors == []


def test_refused_logins_are_found(page: Page, server: Appliance) -> None:
    errors = harness.watch_errors(page)
    harness.log_in(page, server, "boss")
    page.get_by_test_id("nav-logins").click()
    page.get_by_test_id("logins-q").fill("boss")
    page.get_by_test_id("logins-search").click()
    expect(page.locator("tbody tr").first).to_contain_text("성공")
    page.get_by_test_id("logins-result").select_option("failed")
    page.get_by_test_id("logins-search").click()
    expect(page.locator("tbody")).not_to_contain_text("성공")
    page.screenshot(path=harness.SCREENSHOTS / "logins-search.png")
    assert errors == []


def test_retention_is_shortened_after_a_question_only(page: Page, server: Appliance) -> None:
    errors = harness.watch_errors(page)
    harness.log_in(page, server, "boss")
    page.get_by_test_id("nav-retention").click()
    field, save = page.get_by_test_id("retention-sessions"), page.get_by_test_id("retention-save")
    expect(field).to_have_value("1095")
    field.fill("100")
    expect(save).to_be_disabled()
    field.fill("730")
    save.click()
    page.screenshot(path=harness.SCREENSHOTS / "retention-question.png")
    page.get_by_role("dialog").get_by_role("button", name="저장").click()
    expect(page.get_by_text("저장했습니다")).to_be_visible()
    page.reload()
    expect(field).to_have_value("730")
    page.screenshot(path=harness.SCREENSHOTS / "retention.png")
    assert errors == []
