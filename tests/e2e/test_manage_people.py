"""An administrator's work with people, in a real browser: groups, a CSV import, the group administrator, locks, access rules."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e import harness
from tests.e2e.harness import SCREENSHOTS, Appliance

pytestmark = pytest.mark.slow


def _open(page: Page, server: Appliance, login: str, menu: str, password: str | None = None) -> None:
    harness.log_in(page, server, login, password)
    page.get_by_role("link", name=menu, exact=True).click()


def _row(page: Page, text: str) -> Locator:
    return page.locator("tbody tr", has_text=text)


def _import(page: Page, server: Appliance, text: str) -> None:
    """By file, as a spreadsheet of a Korean Windows saves it."""
    file = server.folder / "people.csv"
    file.write_bytes(text.encode("cp949"))
    page.get_by_test_id("import-file").set_input_files(file)
    page.get_by_test_id("import-send").click()


def test_people_from_a_group_to_a_lock(chromium: Browser, server: Appliance) -> None:
    """ADM-ACCT ADM-ROLE-GRP ADM-IP."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = harness.new_context(chromium).new_page()
    problems = harness.watch_errors(page)
    _open(page, server, "boss", "상담원 그룹")
    page.get_by_test_id("team-name").fill("서울 1팀")
    page.get_by_test_id("team-save").click()
    expect(_row(page, "서울 1팀")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "people-groups.png")

    page.get_by_role("link", name="계정 관리", exact=True).click()
    page.get_by_test_id("account-import").click()
    head = "id,display_name,role,team\n"
    _import(page, server, head + "park,박상담,operator,서울 1팀\nkim,김,operator,\nchief,최팀장,group_admin,서울 2팀\n")
    expect(page.get_by_test_id("import-state")).to_contain_text("2개")
    expect(_row(page, "이미 있는 아이디")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "people-import.png")
    text = page.get_by_test_id("import-text").input_value()
    page.get_by_test_id("import-text").fill(text.replace("kim,김", "choi,최상담").replace("2팀", "1팀"))
    page.get_by_test_id("import-send").click()
    page.get_by_role("button", name="3개 등록").click()
    expect(page.get_by_test_id("import-state")).to_contain_text("3개 계정을 등록")
    dialog = page.get_by_test_id("import-form")
    password = dialog.locator("tr", has_text="chief").locator(".mono").inner_text()
    page.get_by_test_id("import-close").click()

    page.get_by_test_id("filter-team").select_option(label="서울 1팀")
    expect(page.locator("tbody tr")).to_have_count(2)
    held: list[Route] = []
    page.route(re.compile(r"/accounts\?"), lambda route: held.append(route), times=1)
    with page.expect_request(re.compile(r"/accounts\?")):
        page.get_by_test_id("filter-team").select_option("")
    page.get_by_test_id("account-q").fill("상담")
    page.get_by_test_id("account-q").press("Enter")  # while the list of everybody is still on its way
    held[0].continue_()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.screenshot(path=SCREENSHOTS / "people-accounts.png")

    page.get_by_role("link", name="접속 제한", exact=True).click()
    page.get_by_test_id("access-addresses").fill("192.0.2.0/24")
    page.get_by_test_id("access-lock").fill("2")
    page.get_by_test_id("access-save").click()
    expect(page.get_by_text("OWN_ADDRESS")).to_be_visible()
    expect(page.get_by_test_id("access-addresses")).to_have_value("192.0.2.0/24")
    page.get_by_test_id("access-addresses").fill("127.0.0.0/8")
    page.get_by_test_id("access-save").click()
    expect(page.get_by_text("OWN_ADDRESS")).to_be_hidden()
    page.screenshot(path=SCREENSHOTS / "people-access.png")

    for _ in range(2):
        other = harness.new_context(chromium).new_page()
        harness.log_in(other, server, "park", "a wrong password")
        expect(other.get_by_test_id("login-error")).to_contain_text("LOGIN_FAILED")
        other.context.close()

    chief = harness.new_context(chromium).new_page()
    harness.log_in(chief, server, "chief", password)
    chief.get_by_role("link", name="내 계정", exact=True).click()
    chief.get_by_test_id("password-current").fill(password)
    chief.get_by_test_id("password-new").fill("tr0mbone-under-Water")
    chief.get_by_test_id("password-repeat").fill("tr0mbone-under-Water")
    chief.get_by_test_id("password-save").click()
    chief.get_by_role("link", name="계정 관리", exact=True).click()
    expect(_row(chief, "박상담")).to_contain_text("잠김")
    expect(chief.locator("tbody tr")).to_have_count(1)
    chief.get_by_test_id("account-enable").click()
    expect(_row(chief, "박상담")).not_to_contain_text("잠김")
    chief.screenshot(path=SCREENSHOTS / "people-group-administrator.png")

    kim = harness.new_context(chromium).new_page()
    harness.log_in(kim, server)
    expect(kim.locator("[data-testid=session-row][data-state=WAITING]")).to_have_count(1)
    page.get_by_role("link", name="현황", exact=True).click()
    page.get_by_test_id("cut-session").click()
    expect(page.get_by_test_id("cut-confirm")).to_be_disabled()
    page.get_by_test_id("cut-reason").fill("근무 시간이 끝났습니다")
    page.screenshot(path=SCREENSHOTS / "people-cut.png")
    page.get_by_test_id("cut-confirm").click()
    expect(page.get_by_test_id("cut-session")).to_have_count(0)
    expect(kim.get_by_text("세션을 종료했습니다").first).to_be_visible()

    page.get_by_role("link", name="내 계정", exact=True).click()
    page.get_by_test_id("own-logins").scroll_into_view_if_needed()
    expect(page.get_by_test_id("own-logins").locator("tbody tr")).to_have_count(1)
    page.screenshot(path=SCREENSHOTS / "people-own.png")
    assert problems == []
    for opened in (page, chief, kim):
        opened.context.close()
