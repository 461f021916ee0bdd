"""Statistics in a real browser: chart, table, and from a number to the records behind it (ADM-STAT-TODAY, ADM-STAT-OP)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.e2e import harness
from tests.e2e.harness import Appliance
from wizhelper.accounts.model import Account
from wizhelper.records.model import FaultType, SupportSession
from wizhelper.store.database import Database, sqlite_url

pytestmark = pytest.mark.slow
OLD = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    made = harness.new_context(chromium).new_page()
    yield made
    made.context.close()


def _fill(db: Session) -> None:
    people = list(db.scalars(select(Account).where(Account.role == "operator").order_by(Account.login_id)))
    types = list(db.scalars(select(FaultType).where(FaultType.company_id == people[0].company_id)))
    for number in range(30):
        at = OLD + timedelta(hours=7 * number)
        owner = people[0 if number % 3 else 1]
        db.add(
            SupportSession(
                id=str(uuid.uuid4()),
                company_id=owner.company_id,
                owner_id=owner.id,
                state="ABNORMAL" if number % 5 == 0 else "COMPLETED",
                created_at=at,
                connected_at=at,
                ended_at=at + timedelta(minutes=number),
                state_since=at,
                active_s=60.0 * number,
                result="resolved" if number % 2 else "visit",
                fault_type_id=types[number % len(types)].id,
                os="windows",
                os_version="11",
            )
        )


def test_a_number_of_the_statistics_leads_to_exactly_its_records(page: Page, server: Appliance) -> None:
    db = Database(sqlite_url(server.data / "wizhelper.db"))
    db.transact(_fill)
    db.stop()
    errors = harness.watch_errors(page)
    harness.log_in(page, server, "boss")
    page.get_by_test_id("nav-statistics").click()
    page.get_by_test_id("stat-from").fill("2026-03-01")
    page.locator("input[type=date]").nth(1).fill("2026-03-31")
    page.get_by_role("button", name="조회").click()
    expect(page.get_by_test_id("stat-total")).to_have_text("30")
    expect(page.get_by_test_id("chart")).to_be_visible()
    page.screenshot(path="build/screenshots/statistics-operators.png", full_page=True)
    page.get_by_test_id("stat-rows").select_option("fault")
    expect(page.get_by_test_id("stat-total")).to_have_text("30")
    page.get_by_test_id("stat-rows").select_option("weekday")
    page.get_by_test_id("stat-columns").select_option("duration")
    expect(page.get_by_test_id("figures")).to_contain_text("월요일")
    page.screenshot(path="build/screenshots/statistics-weekday.png", full_page=True)
    number = page.get_by_test_id("stat-link").first.inner_text()
    page.get_by_test_id("stat-link").first.click()
    expect(page.get_by_test_id("records-narrowed")).to_be_visible()
    expect(page.get_by_text(f"{number}건").first).to_be_visible()
    expect(page.get_by_test_id("record-open")).to_have_count(int(number))
    page.screenshot(path="build/screenshots/statistics-records.png", full_page=True)
    assert errors == []
