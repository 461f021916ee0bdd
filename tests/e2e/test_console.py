"""The console around the remote screen, in a real browser: login, waiting, text input, wrap-up, records, logout."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import harness
from tests.e2e.harness import Appliance, Desktop, eventually
from tests.e2e.test_main_job import arrives, confirm_end, notepad, open_control, row_in_state, waiting_number

pytestmark = pytest.mark.slow


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    made = harness.new_context(chromium).new_page()
    yield made
    made.context.close()


def rest(page: Page, method: str, path: str, body: object = None) -> dict[str, object]:
    """A call of the page's own login."""
    found: dict[str, object] = page.evaluate(
        """async ([method, path, body]) => {
            const me = await (await fetch('/api/v1/me')).json()
            const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf }
            const answer = await fetch('/api/v1' + path, { method, headers, body: body && JSON.stringify(body) })
            return { status: answer.status, body: answer.status === 204 ? null : await answer.json() }
        }""",
        [method, path, body],
    )
    return found


def test_a_wrong_password_is_refused_in_words_and_nothing_typed_is_lost(page: Page, server: Appliance) -> None:
    """OP-LOGIN-BAD OP-LOGIN-SAVE: the ID stays, the next step is said; a failed login saves nothing."""
    harness.log_in(page, server, "kim", "wrong-password")
    expect(page.get_by_test_id("login-error")).to_contain_text("LOGIN_FAILED")
    expect(page.get_by_test_id("login-id")).to_have_value("kim")
    page.reload()
    expect(page.get_by_test_id("login-id")).to_have_value("")


def test_login_page_shows_version_and_notices(page: Page, server: Appliance, chromium: Browser) -> None:
    """OP-LOGIN-NOTICE OP-LOGIN-VER ADM-NOTICE."""
    admin = harness.new_context(chromium).new_page()
    harness.log_in(admin, server, "boss")
    admin.get_by_test_id("logout").wait_for()
    notice = {"title": "오늘 점검 안내 <b>", "body": "18시", "audience": "login", "from_at": "2026-01-01T00:00:00Z"}
    assert rest(admin, "POST", "/notices", notice)["status"] == 201
    page.goto(f"{server.url}/manager")
    page.get_by_test_id("login-company").fill("acme")
    page.get_by_test_id("login-id").fill("kim")
    expect(page.get_by_text("오늘 점검 안내 <b>")).to_be_visible()
    expect(page.get_by_text("0.1.0").first).to_be_visible()
    admin.context.close()


def test_enter_logs_in_and_the_menu_leads_to_every_page(page: Page, server: Appliance) -> None:
    """OP-LOGIN-BTN OP-MENU."""
    page.goto(f"{server.url}/manager")
    page.get_by_test_id("login-company").fill("acme")
    page.get_by_test_id("login-id").fill("kim")
    page.get_by_test_id("login-password").fill(server.passwords["kim"])
    page.keyboard.press("Enter")
    for name, path in (("나의 상담 기록", "/records"), ("환경설정", "/settings"), ("접속 대기창", "/manager")):
        page.get_by_role("link", name=name).click()
        expect(page).to_have_url(re.compile(f"{path}/?$"))


def test_the_main_page_shows_company_operator_address_and_counts(page: Page, server: Appliance) -> None:
    """OP-INST-DL OP-MENU OP-CO OP-ME OP-COUNT OP-URL: what is read out to the customer can be copied."""
    harness.log_in(page, server)
    expect(page.get_by_test_id("access-url")).to_contain_text(f"{server.url}/")
    expect(page.get_by_test_id("counts")).to_contain_text("오늘 전체")
    expect(page.get_by_text("김상담").first).to_be_visible()
    expect(page.get_by_text("acme").first).to_be_visible()
    page.get_by_test_id("copy-url").click()
    assert page.evaluate("navigator.clipboard.readText()") == f"{server.url}/"


def test_full_screen_and_special_keys_are_offered(page: Page, server: Appliance, screen: Desktop) -> None:
    """RC-FULL RC-FIT RC-ZOOM: the view fills the screen and goes back; 1:1 is the largest zoom."""
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        page.get_by_test_id("full-screen").click()
        eventually("full screen", lambda: page.evaluate("document.fullscreenElement !== null"))
        page.evaluate("document.exitFullscreen()")
        eventually("back again", lambda: page.evaluate("document.fullscreenElement === null"))
        page.get_by_test_id("zoom-fit").click()
        box = page.get_by_test_id("remote-screen").bounding_box()
        assert box is not None
        assert box["width"] <= 1366
        end(page)


def test_six_sessions_at_once_and_the_seventh_is_refused_with_the_reason(page: Page, server: Appliance) -> None:
    """OP-LOGIN-AUTO1 OP-WAIT-NEW OP-WAIT-MAX6."""
    harness.log_in(page, server, "lee")
    rows = page.locator("[data-testid=session-row][data-state=WAITING]")
    expect(rows).to_have_count(1)
    for count in range(2, 7):
        page.get_by_test_id("wait-new").click()
        expect(rows).to_have_count(count)
    page.get_by_test_id("wait-new").click()
    expect(page.get_by_text("최대 6개").first).to_be_visible()
    numbers = set(page.get_by_test_id("session-number").all_inner_texts())
    assert len(numbers) == 6
    page.get_by_test_id("cancel-session").first.click()
    expect(rows).to_have_count(5)
    page.get_by_test_id("logout").click()
    page.get_by_test_id("login-id").wait_for()


def test_a_logout_ends_live_sockets_within_a_second(chromium: Browser, server: Appliance) -> None:
    """OP-LOGIN-LOG: another tab of the same login is back at the login page at once, without a click."""
    context = harness.new_context(chromium)
    first, second = context.new_page(), context.new_page()
    harness.log_in(first, server, "lee")
    waiting_number(first)
    second.goto(f"{server.url}/manager")
    waiting_number(second)
    begin = time.monotonic()
    first.get_by_test_id("logout").click()
    expect(second.get_by_test_id("login-password")).to_be_visible(timeout=3000)
    assert time.monotonic() - begin < 2
    context.close()


def test_hangul_reaches_the_pc_in_text_mode(page: Page, server: Appliance, screen: Desktop) -> None:
    """Two keyboard modes: what the operator's own input method composes is typed as it is."""
    typed = notepad(screen)
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        page.get_by_test_id("keyboard-text").click()
        box = page.get_by_test_id("remote-screen").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
        page.keyboard.insert_text("안녕하세요 상담원입니다 €")
        page.keyboard.press("Enter")
        arrives(page, typed, "안녕하세요 상담원입니다 €")
        end(page)


def end(page: Page) -> None:
    page.get_by_test_id("end-session").first.click()
    confirm_end(page)


def test_wrap_up_completes_the_record_and_its_chain_verifies(page: Page, server: Appliance, screen: Desktop) -> None:
    """Records: an ending with a name, fault type, result and memo, every step in the chain of events."""
    harness.log_in(page, server)
    with harness.agent(screen, server, "--number", waiting_number(page), "--yes"):
        row_in_state(page, "ACTIVE")
        open_control(page)
        expect(page.get_by_test_id("remote-screen")).to_have_attribute("data-pictured", "true", timeout=20_000)
        end(page)
        page.get_by_test_id("memo").fill("프린터 드라이버를 다시 설치함")
        page.get_by_test_id("wrapup-save").click()
        expect(page.get_by_role("alert").filter(has_text="결과")).to_be_visible()
        page.get_by_test_id("result-select").select_option("resolved")
        page.get_by_test_id("wrapup-save").click()
        page.get_by_test_id("wait-new").wait_for()
    done = eventually("the record is complete", lambda: records(page, "COMPLETED"))[0]
    assert done["memo"] == "프린터 드라이버를 다시 설치함"
    assert done["end_reason"] == "operator_ended"
    detail = rest(page, "GET", f"/records/{done['id']}")["body"]
    assert isinstance(detail, dict)
    assert detail["chain_ok"] is True
    steps = [event["type"] for event in detail["events"]]
    assert steps[:4] == ["created", "number_used", "consented", "agent_linked"]
    assert steps[-2:] == ["end", "wrapped_up"]


def records(page: Page, state: str) -> list[dict[str, object]]:
    body = rest(page, "GET", f"/records?state={state}")["body"]
    assert isinstance(body, dict)
    found: list[dict[str, object]] = body["items"]
    return found


def test_two_step_login(page: Page, server: Appliance) -> None:
    """TOTP: set up with the password, asked for at the next login; a code opens once."""
    made = server.admin("add-account", "--company", "acme", "--role", "operator", "--id", "totp", "--name", "Totp")
    server.passwords["totp"] = made["password"]
    harness.log_in(page, server, "totp")
    page.get_by_test_id("logout").wait_for()
    begun = rest(page, "POST", "/me/totp/begin", {"password": server.passwords["totp"]})["body"]
    assert isinstance(begun, dict)
    code = pyotp.TOTP(str(begun["secret"]))
    assert rest(page, "POST", "/me/totp/confirm", {"code": code.now()})["status"] == 204
    page.context.clear_cookies()
    harness.log_in(page, server, "totp")
    page.get_by_test_id("login-totp").wait_for()
    # The next step's code: the one just used must not open again.
    page.get_by_test_id("login-totp").locator("input").or_(page.locator("input[data-testid=login-totp]")).first.fill(
        code.at(int(time.time()) + 30)
    )
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("logout").wait_for()


ADMIN_PAGES = (
    *("accounts", "teams", "access", "devices", "company", "faults", "consent"),
    *("notices", "records", "statistics", "logins", "recordings", "retention", "audit", "review"),
)


def test_every_page_keeps_the_content_security_policy_in_both_languages(chromium: Browser, server: Appliance) -> None:
    """No script error and no refused policy on any page of console and admin web, in Korean and English."""
    for locale in ("ko-KR", "en-US"):
        for login, paths in (
            ("kim", ("", "/records", "/settings", "/devices")),
            ("boss", ("/admin", *(f"/admin/{name}" for name in ADMIN_PAGES))),
        ):
            page = harness.new_context(chromium, locale).new_page()
            problems = harness.watch_errors(page)
            harness.log_in(page, server, login)
            page.get_by_test_id("logout").wait_for()
            for path in paths:
                page.goto(f"{server.url}/manager{path}")
                page.get_by_test_id("logout").wait_for()
            assert problems == []
            page.context.close()
