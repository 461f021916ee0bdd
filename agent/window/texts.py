"""The words of the window in Korean and English. Texts about a session's events come from the agent, ready to show."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wizhelper.protocol.control import Activity


class Language(StrEnum):
    KOREAN = "ko"
    ENGLISH = "en"

    @property
    def other(self) -> Language:
        return Language.ENGLISH if self is Language.KOREAN else Language.KOREAN


@dataclass(frozen=True)
class Texts:
    """Fields in braces are filled by str.format."""

    program: str
    other_language: str
    number_title: str
    number_help: str
    number_label: str
    number_wrong: str
    connect: str
    to_pick: str
    to_number: str
    pick_title: str
    pick_help: str
    company_label: str
    company_missing: str
    search: str
    nobody_waits: str
    choose_operator: str
    warning: str
    consent_who: str
    consent_version: str
    consent_check: str
    agree: str
    refuse: str
    approve_title: str
    approve_body: str
    allow: str
    restart_title: str
    restart_body: str
    restart_silence: str
    restart_now: str
    restart_not: str
    deny: str
    bar: str
    end: str
    locked: str
    locked_verified: str
    compare_number: str
    verify_title: str
    type_number: str
    number_needed: str
    enter_number: str
    verify: str
    verify_wrong: str
    ended_title: str
    report: str
    reported: str
    receipt: str
    close: str
    lock_help: str
    about_lock: str
    chat: str
    send_files: str
    too_many_files: str
    chat_title: str
    chat_me: str
    chat_send: str
    share_title: str
    share_help: str
    looks_on: str
    dismiss: str
    activities: Mapping[str, str]
    """control.Activity -> what the bar says while it lasts."""

    def activity(self, name: str) -> str:
        return self.activities[name]


KOREAN = Texts(
    program="WizHelper 접속 프로그램",
    other_language="English",
    number_title="접속번호 입력",
    number_help="상담원이 안내한 접속번호를 입력한 뒤 [접속] 버튼을 누르세요.",
    number_label="접속번호",
    number_wrong="접속번호는 숫자 4~9자리입니다. 상담원에게 번호를 다시 확인하세요.",
    connect="접속",
    to_pick="상담원 선택",
    to_number="접속번호 입력",
    pick_title="상담원 선택",
    pick_help="회사코드를 입력하면 대기 중인 상담원이 표시됩니다. 연결할 상담원을 누르세요.",
    company_label="회사코드",
    company_missing="회사코드를 입력하세요.",
    search="조회",
    nobody_waits="지금 대기 중인 상담원이 없습니다. 회사코드를 확인하거나 상담원에게 문의하세요.",
    choose_operator="연결할 상담원을 누르세요.",
    warning="⚠  수사기관·금융기관은 원격제어를 요구하지 않습니다.\n모르는 사람이 접속을 요구하면 연결하지 마세요.",
    consent_who="{company}의 상담원 {operator}님이 이 PC를 원격으로 지원하려고 합니다.",
    consent_version="약관 버전 {version}",
    consent_check="위 내용을 읽고 이해했으며 동의합니다.",
    agree="동의",
    refuse="동의하지 않음",
    approve_title="원격제어 승인",
    approve_body="상담원 {operator}님이 이 PC의 화면을 보고 제어하려고 합니다. 허용하시겠습니까?",
    allow="허용",
    restart_title="PC 다시 시작",
    restart_body=(
        "상담원 {operator}님이 이 PC를 다시 시작하려고 합니다. 저장하지 않은 작업은 사라지니 먼저 저장하세요. "
        "다시 켜지면 원격지원이 저절로 이어집니다."
    ),
    restart_silence="{seconds}초 안에 누르지 않으면 다시 시작하지 않습니다.",
    restart_now="다시 시작",
    restart_not="지금은 안 함",
    deny="거부",
    bar="지원 상담원: {operator} ({company}) · {since}부터 · {elapsed}",
    end="종료",
    locked="종단 암호화 · 상대 미확인",
    locked_verified="종단 암호화 · 확인번호 일치",
    compare_number="확인번호 {number} — 상담원이 부르는 번호와 다르면 종료하세요.",
    verify_title="확인번호 입력",
    type_number=(
        "상담원이 전화로 불러 주는 확인번호 6자리를 입력하세요. 확인되기 전에는 상담원에게 화면이 보이지 않습니다."
    ),
    number_needed="확인번호를 입력해야 화면이 공유됩니다.",
    enter_number="확인번호 입력",
    verify="확인",
    verify_wrong="숫자 6자리를 입력하세요.",
    ended_title="원격지원이 종료되었습니다",
    report="신고",
    reported="신고가 접수되었습니다",
    receipt="원격지원 내역 보기",
    close="닫기",
    lock_help=(
        "화면·입력·파일은 상담원 브라우저와 이 PC에서만 풀 수 있게 암호화됩니다. 중계 서버는 내용을 볼 수 없습니다. "
        "다만 접속 시각·시간·데이터 양은 서버에 남고, 상담원이 화면을 녹화·촬영하는 것은 막지 못합니다."
    ),
    about_lock="보안 통신이란?",
    chat="채팅",
    send_files="파일 보내기",
    too_many_files="한 번에 {most}개까지 보낼 수 있습니다. 폴더에 담아 끌어 놓으세요.",
    chat_title="{operator} 상담원과 채팅",
    chat_me="나",
    chat_send="보내기",
    share_title="{operator} 상담원의 화면",
    share_help="{operator} 상담원이 자신의 화면을 보여 주고 있습니다. 이 화면은 볼 수만 있고, 창을 닫으면 끝납니다.",
    looks_on="함께 보는 상담원: {name}",
    dismiss="내보내기",
    activities={
        Activity.RECORDING: "● 화면 녹화 중",
        Activity.CLIPBOARD: "클립보드 공유 중",
        Activity.COMMAND: "상담원 명령 실행 중",
        Activity.FILES: "파일 전송 중",
        Activity.DRAWING: "상담원이 화면에 그리는 중",
        Activity.TERMINAL: "상담원 터미널 사용 중",
        Activity.PRINTING: "상담원의 문서를 인쇄 중",
        Activity.SHARE: "상담원 화면을 보는 중",
    },
)

ENGLISH = Texts(
    program="WizHelper Connect",
    other_language="한국어",
    number_title="Enter the connection number",
    number_help="Type the number that the operator told you, then press Connect.",
    number_label="Connection number",
    number_wrong="A connection number has 4 to 9 digits. Ask the operator to repeat it.",
    connect="Connect",
    to_pick="Choose an operator",
    to_number="Enter a number",
    pick_title="Choose an operator",
    pick_help="Type the company code to see the operators who are waiting, then press one of them.",
    company_label="Company code",
    company_missing="Type the company code.",
    search="Search",
    nobody_waits="No operator is waiting now. Check the company code, or ask your operator.",
    choose_operator="Press the operator to connect to.",
    warning=(
        "⚠  The police, prosecutors and banks never ask for remote control.\n"
        "Do not connect if someone you do not know asks you to."
    ),
    consent_who="{operator} of {company} wants to support this PC remotely.",
    consent_version="Terms, version {version}",
    consent_check="I have read and understood this, and I agree.",
    agree="Agree",
    refuse="Do not agree",
    approve_title="Allow remote control",
    approve_body="The operator {operator} wants to see and control the screen of this PC. Allow it?",
    allow="Allow",
    restart_title="Restart this PC",
    restart_body=(
        "Operator {operator} wants to restart this PC. Save your work first: what is not saved is lost. "
        "Remote support goes on by itself when the PC is back."
    ),
    restart_silence="Without an answer within {seconds} seconds it does not restart.",
    restart_now="Restart",
    restart_not="Not now",
    deny="Refuse",
    bar="Operator: {operator} ({company}) · since {since} · {elapsed}",
    end="End",
    locked="End-to-end encrypted · other side unverified",
    locked_verified="End-to-end encrypted · number verified",
    compare_number="Confirmation number {number} — end the session if the operator reads out another one.",
    verify_title="Confirmation number",
    type_number=(
        "Type the 6 digits that the operator reads out to you. "
        "The operator sees nothing of this screen before they match."
    ),
    number_needed="Nothing is shared before you type the confirmation number.",
    enter_number="Enter the number",
    verify="Confirm",
    verify_wrong="Type 6 digits.",
    ended_title="The remote support has ended",
    report="Report abuse",
    reported="Your report was received",
    receipt="What was done",
    close="Close",
    lock_help=(
        "Screen, input and files are encrypted so that only the operator's browser and this PC can read them. "
        "The relay cannot. The server does keep the time, length and amount of data, and an operator can still "
        "film the screen."
    ),
    about_lock="What is this?",
    chat="Chat",
    send_files="Send files",
    too_many_files="At most {most} at once: put them into a folder and drop that.",
    chat_title="Chat with {operator}",
    chat_me="Me",
    chat_send="Send",
    share_title="Screen of {operator}",
    share_help="{operator} shows you their own screen. You can look at it only; close this window to end it.",
    looks_on="Also watching: {name}",
    dismiss="Send away",
    activities={
        Activity.RECORDING: "● The screen is being recorded",
        Activity.CLIPBOARD: "The clipboard is shared",
        Activity.COMMAND: "A command of the operator is running",
        Activity.FILES: "Files are being transferred",
        Activity.DRAWING: "The operator is drawing on the screen",
        Activity.TERMINAL: "The operator has a terminal open",
        Activity.PRINTING: "A document of the operator is printed",
        Activity.SHARE: "You see the operator’s screen",
    },
)

TEXTS = {Language.KOREAN: KOREAN, Language.ENGLISH: ENGLISH}


def system_language() -> Language:
    """Korean where the system is set to Korean, English elsewhere."""
    variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next(filter(None, variables), None) or locale.getlocale()[0] or ""
    return Language.KOREAN if name.lower().startswith(("ko", "korean")) else Language.ENGLISH
