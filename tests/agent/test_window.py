"""The access program's window as a person meets it, on a real (virtual) screen."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from window_driver import Area, WindowDriver, running_window
from x_fixture import x_server

from agent.platform.child import child_environment
from agent.window.chat import EDGE, SIZE
from agent.window.theme import ALARM, BRAND, GOOD
from wizhelper.protocol import local

WIDTH, HEIGHT = 1280, 800
SESSION = local.Session("한빛전산", "김상담", 0.0, "", "off", False)
CONSENT = local.AskConsent("한빛전산", "김상담", "서비스 이용 동의", "화면을 보여 줍니다.\n" * 60, 3)
TOP: Area = (0, 0, WIDTH, 160)
NEEDED = ("xdotool", "openbox", "import")


@pytest.fixture(scope="module")
def desktop() -> Iterator[str]:
    """A screen with a window manager: without one no window gets the keyboard."""
    for program in NEEDED:
        if shutil.which(program) is None:
            pytest.fail(f"needs {program}: see APT_TEST in the Makefile")
    with x_server(WIDTH, HEIGHT) as display:
        manager = subprocess.Popen(["openbox"], env=child_environment() | {"DISPLAY": display}, stderr=-3)
        time.sleep(0.5)
        yield display
        manager.terminate()
        manager.wait()


@pytest.fixture
def window(desktop: str, tmp_path: Path) -> Iterator[WindowDriver]:
    with running_window(desktop, tmp_path) as driver:
        yield driver


def running_session(**changes: object) -> local.Session:
    values = {**SESSION.__dict__, "since_epoch_s": time.time(), **changes}
    return local.Session(**values)


def bottom_left(area: Area) -> tuple[int, int]:
    return area[0] + 60, area[3] - 28


def bottom_right(area: Area) -> tuple[int, int]:
    return area[2] - 50, area[3] - 28


def below_header(area: Area) -> Area:
    return area[0] + 2, area[1] + 60, area[2] - 2, area[3]


def test_a_number_is_typed_and_sent_with_enter(window: WindowDriver) -> None:
    """CUSTP-NUM: spaces and hyphens do not matter."""
    window.tell(local.Entry("number", True))
    window.window()

    window.type("123-456 7")
    window.press("Return")

    assert window.hear() == local.SubmitNumber("1234567")
    window.shoot("number.png")


def test_a_number_is_sent_once_and_again_after_an_error(window: WindowDriver) -> None:
    """CUSTP-NUM: nothing typed is lost by an error."""
    window.tell(local.Entry("number", True))
    area = window.window()
    window.type("1111")
    connect = window.find(BRAND, below_header(area))
    window.click(*connect)
    assert window.hear() == local.SubmitNumber("1111")
    window.click(*connect)
    assert window.silent()

    window.tell(local.ShowError("NUMBER_WRONG", "번호가 틀렸습니다.", "다시 확인하세요."))
    window.find(ALARM, area)
    window.type("2")
    window.press("Return")

    assert window.hear() == local.SubmitNumber("11112")


def test_nonsense_is_refused_in_place(window: WindowDriver) -> None:
    window.tell(local.Entry("number", True))
    area = window.window()

    window.type("12a")
    window.press("Return")

    assert window.silent()
    window.find(ALARM, area)


def test_the_button_at_the_bottom_left_leads_to_the_operators_and_one_is_picked(window: WindowDriver) -> None:
    """CUSTP-TOGGLE, CUSTP-PICK."""
    window.tell(local.Entry("number", True))
    area = window.window()
    window.click(*bottom_left(area))
    time.sleep(0.3)

    window.type("hanbit")
    window.press("Return")
    assert window.hear() == local.SubmitCompany("hanbit")
    window.tell(local.Operators((local.OperatorItem(11, "김상담"), local.OperatorItem(12, "이지원"))))
    time.sleep(0.8)
    icons = (area[0] + 20, area[1] + 170, area[0] + 90, area[1] + 300)
    x, y = window.find(BRAND, icons)
    window.shoot("pick.png")
    window.click(x, y - 20)

    assert window.hear() == local.Pick(11)


def test_both_ways_keep_what_was_typed(window: WindowDriver) -> None:
    """CUSTP-TOGGLE"""
    window.tell(local.Entry("number", True))
    area = window.window()
    window.type("4321")

    for _ in range(2):
        window.click(*bottom_left(area))
        time.sleep(0.3)
    window.press("Return")

    assert window.hear() == local.SubmitNumber("4321")


def test_where_only_one_way_is_allowed_there_is_no_toggle(window: WindowDriver) -> None:
    """CUSTP-TOGGLE"""
    window.tell(local.Entry("number", False))
    area = window.window()
    window.type("4321")

    window.click(*bottom_left(area))
    window.press("Return")

    assert window.hear() == local.SubmitNumber("4321")


def test_consent_needs_the_tick(window: WindowDriver) -> None:
    """CUST-CONSENT: not ticked beforehand; Agree does nothing before the tick."""
    window.tell(CONSENT)
    area = window.window()
    disabled = window.find("#aab6c6", below_header(area))
    window.click(*disabled)
    assert window.silent()
    window.shoot("consent.png")

    window.press("space")
    agree = window.find(BRAND, (area[0] + 300, area[3] - 150, area[2], area[3]))
    window.click(*agree)

    assert window.hear() == local.ConsentAnswer(True)


def test_consent_can_be_refused_without_a_tick(window: WindowDriver) -> None:
    """CUST-CONSENT"""
    window.tell(CONSENT)
    area = window.window()
    disabled = window.find("#aab6c6", below_header(area))

    window.click(disabled[0] - 120, disabled[1])

    assert window.hear() == local.ConsentAnswer(False)


def test_approval_is_asked_and_answered(window: WindowDriver) -> None:
    window.tell(local.AskApproval("김상담"))
    area = window.window()

    window.click(*window.find(BRAND, below_header(area)))

    assert window.hear() == local.ApproveAnswer(True)


def test_enter_alone_never_approves(window: WindowDriver) -> None:
    window.tell(local.AskApproval("김상담"))
    window.window()

    window.press("Return")

    assert window.hear() == local.ApproveAnswer(False)


def test_the_bar_stands_at_the_top_and_ends_the_session_at_once(window: WindowDriver) -> None:
    window.tell(local.Entry("number", True), running_session())
    x, y = window.find(ALARM, (WIDTH // 2, 0, WIDTH, 100))
    frame = window.extent(BRAND)
    window.shoot("bar.png")
    assert frame is not None
    assert frame[1] == 0
    assert abs((frame[0] + frame[2]) // 2 - WIDTH // 2) <= 2

    window.click(x, y)

    assert window.hear(1.0) == local.EndSession()
    window.click(x, y)
    assert window.silent()


def test_the_bar_can_be_moved_but_not_off_the_screen_and_not_closed(window: WindowDriver) -> None:
    window.tell(running_session())
    window.find(ALARM, TOP)
    frame = window.extent(BRAND)
    assert frame is not None

    window.drag((frame[0] + 12, 10), (WIDTH - 1, HEIGHT - 1))
    window.press("alt+F4")
    time.sleep(1.5)

    moved = window.extent(BRAND)
    assert moved is not None
    assert moved[2] == WIDTH
    assert moved[1] == 0
    assert moved[2] - moved[0] == frame[2] - frame[0]
    assert window.silent()
    place = window.places[-1]
    assert (place.x, place.y, place.x + place.width, place.height) == (moved[0], 0, moved[2], moved[3])


def test_the_bar_comes_back_over_other_windows(window: WindowDriver, desktop: str) -> None:
    window.tell(running_session())
    end = window.find(ALARM, TOP)
    cover = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import tkinter; r = tkinter.Tk(); r.overrideredirect(True); r.geometry('1280x300+0+0');"
            "r.attributes('-topmost', True); r.after(300, r.lift); r.mainloop()",
        ],
        env=child_environment() | {"DISPLAY": desktop},
    )
    try:
        time.sleep(3)
        window.shoot("covered.png")
        window.click(*end)

        assert window.hear() == local.EndSession()
    finally:
        cover.kill()
        cover.wait()


def test_the_number_that_the_operator_reads_is_typed_and_confirmed(window: WindowDriver) -> None:
    window.tell(running_session(sas_policy="required"))
    window.find(ALARM, TOP)
    window.window()

    window.type("948 977")
    window.shoot("verify.png")
    window.press("Return")

    assert window.hear() == local.Verify("948977")
    window.tell(local.Sas("", "required", True))
    window.find(GOOD, TOP)
    window.shoot("verified.png")


def test_a_short_confirmation_number_is_not_sent(window: WindowDriver) -> None:
    window.tell(running_session(sas_policy="required"))
    window.find(ALARM, TOP)
    window.window()

    window.type("9489")
    window.press("Return")

    assert window.silent()
    window.type("77")
    window.press("Return")
    assert window.hear() == local.Verify("948977")


def test_closing_the_number_window_hides_it_and_the_bar_brings_it_back(window: WindowDriver) -> None:
    window.tell(running_session(sas_policy="required"))
    window.find(ALARM, TOP)
    window.window()

    window.press("alt+F4")
    assert window.silent()
    frame = window.extent(BRAND)
    assert frame is not None
    window.shoot("bar_required.png")
    window.click(frame[0] + 330, frame[3] - 25)
    window.window()
    window.type("948977")
    window.press("Return")

    assert window.hear() == local.Verify("948977")


def test_after_the_end_the_page_about_the_session_is_a_button_away(window: WindowDriver) -> None:
    window.tell(running_session(), local.Ended("상담원이 원격지원을 종료했습니다.", True, True))
    window.window()
    window.shoot("ended-receipt.png")
    window.press("shift+Tab")
    window.press("Return")
    assert window.hear() == local.ShowReceipt()


def test_after_the_end_abuse_is_reported_once_and_the_window_closed(window: WindowDriver) -> None:
    window.tell(running_session(), local.Ended("상담원이 원격지원을 종료했습니다.", True))
    area = window.window()
    report = window.find(ALARM, below_header(area))
    window.shoot("ended.png")
    window.click(*report)
    assert window.hear() == local.Report()
    window.click(*report)
    assert window.silent()

    window.press("Return")

    assert window.hear() == local.Closed()
    assert window.process.wait(5) == 0


def test_the_language_is_switched_and_the_agent_told(window: WindowDriver) -> None:
    window.tell(local.Entry("number", True))
    area = window.window()
    window.type("77")

    window.click(*bottom_right(area))

    assert window.hear() == local.ChooseLanguage("en")
    window.type("88")
    window.press("Return")
    assert window.hear() == local.SubmitNumber("7788")
    window.shoot("english.png")


def test_the_window_goes_when_the_agent_says_so_or_is_gone(desktop: str, tmp_path: Path) -> None:
    for last_words in ([local.Entry("number", True), local.Quit()], [running_session()]):
        with running_window(desktop, tmp_path) as window:
            window.tell(*last_words)
            assert window.process.stdin is not None
            window.process.stdin.close()
            assert window.process.wait(10) == 0


def test_a_line_that_is_no_message_ends_the_window(window: WindowDriver) -> None:
    assert window.process.stdin is not None
    window.process.stdin.write(b"nonsense\n")
    window.process.stdin.flush()

    assert window.process.wait(10) == 0


def test_hostile_texts_are_shown_as_text(window: WindowDriver) -> None:
    """Names and bodies come from the server: markup, control characters and length change nothing."""
    nasty = "[exec ls] {$x} %s \x00\u202e" + "한" * 5000
    window.tell(local.AskConsent(nasty, nasty, nasty, nasty, 1))
    area = window.window()
    window.press("space")

    window.click(*window.find(BRAND, (area[0] + 300, area[3] - 150, area[2], area[3])))

    assert window.hear() == local.ConsentAnswer(True)


def test_the_operators_words_open_the_chat_and_the_customer_answers(window: WindowDriver) -> None:
    """RC-CHAT: it opens by itself at the lower right, takes no keyboard away, and sends what was typed."""
    window.tell(local.Entry("number", True), running_session())
    window.find(ALARM, (WIDTH // 2, 0, WIDTH, 100))
    window.tell(local.ChatLine(False, int(time.time() * 1000), "안녕하세요. <b>무엇을</b> 도와 드릴까요?"))
    time.sleep(1.0)
    window.shoot("chat.png")
    chat_field = WIDTH - SIZE[0] - EDGE + 90, HEIGHT - 3 * EDGE - 8
    window.click(*chat_field)
    window.type("hello there")
    window.press("Return")
    assert window.hear() == local.Say("hello there")
    window.press("Return")
    assert window.silent()


def test_the_bar_opens_the_chat_and_the_end_of_the_session_closes_it(window: WindowDriver) -> None:
    window.tell(local.Entry("number", True), running_session(), local.ChatLine(True, 0, "x"))
    window.find(ALARM, (WIDTH // 2, 0, WIDTH, 100))
    window.tell(local.Ended("done", True))
    time.sleep(0.7)
    window.tell(local.ChatLine(False, 0, "late"))
    time.sleep(0.5)
    assert window.process.poll() is None
    assert "김상담" not in titles(window.display)


def titles(display: str) -> str:
    """Names of the windows that are shown."""
    command = ["xdotool", "search", "--onlyvisible", "--name", ".", "getwindowname", "%@"]
    return subprocess.run(command, env=child_environment() | {"DISPLAY": display}, capture_output=True).stdout.decode()


def test_a_restart_is_asked_about_while_the_bar_stays(window: WindowDriver) -> None:
    """RC-REBOOT"""
    window.tell(local.Entry("number", True), running_session(), local.AskRestart("김상담", 60.0))
    area = window.window()
    window.shoot("window-restart.png")
    window.find(ALARM, (WIDTH // 2, 0, WIDTH, 100))

    window.click(*window.find(BRAND, below_header(area)))

    assert window.hear() == local.RestartAnswer(True)


def test_enter_alone_never_restarts(window: WindowDriver) -> None:
    window.tell(local.Entry("number", True), running_session(), local.AskRestart("김상담", 60.0))
    window.window()

    window.press("Return")

    assert window.hear() == local.RestartAnswer(False)


def test_files_that_are_dropped_on_the_bar_are_offered_to_the_operator(
    window: WindowDriver, desktop: str, tmp_path: Path
) -> None:
    """FT-DROPOUT: as file managers drop them; names with spaces and in Korean."""
    files = [tmp_path / "견적서 최종.hwp", tmp_path / "b.txt"]
    for file in files:
        file.write_text("x")
    window.tell(running_session())
    x, y = window.find(ALARM, (WIDTH // 2, 0, WIDTH, 100))
    drop = [sys.executable, str(Path(__file__).with_name("xdnd_source.py")), str(x - 160), str(y)]
    uris = [file.as_uri() for file in files]
    subprocess.run([*drop, *uris], env=child_environment() | {"DISPLAY": desktop}, check=True, timeout=60)
    assert window.hear() == local.OfferFiles(tuple(map(str, files)))


def test_files_are_chosen_with_the_button(window: WindowDriver, tmp_path: Path) -> None:
    file = tmp_path / "photo 1.png"
    file.write_text("x")
    window.tell(running_session())
    x, y = window.find(ALARM, (WIDTH // 2, 0, WIDTH, 100))
    window.click(x - 85, y)
    time.sleep(1)
    window.shoot("bar-choose-files.png")
    window.type(str(file.parent).replace(" ", "") + "/")
    window.press("Return")
    time.sleep(0.5)
    window.type("{photo 1.png}")
    window.press("Return")
    assert window.hear() == local.OfferFiles((str(file),))
