"""Words of the customer's pages. Both languages have the same keys (tested)."""

from __future__ import annotations

from collections.abc import Mapping

from wizhelper.http.errors import Language

KO = {
    "title": "원격지원 접속",
    "number_label": "접속번호",
    "number_help": "상담원이 알려 준 번호를 입력하세요.",
    "next": "다음",
    "pick_title": "상담원 선택",
    "pick_help": "안내받은 상담원을 누르세요.",
    "pick_none": "지금 대기 중인 상담원이 없습니다. 상담원에게 문의하세요.",
    "refresh": "새로 고침",
    "warning": "수사기관·금융기관은 원격제어를 요구하지 않습니다. 모르는 사람이 요구하면 즉시 중단하세요.",
    "access_program": "접속 프로그램",
    "consent_title": "서비스 이용 동의",
    "consent_who": "{company}의 {operator} 상담원이 이 PC를 원격으로 지원합니다.",
    "consent_agree": "위 내용을 읽었으며 동의합니다.",
    "agree": "동의하고 계속",
    "disagree": "동의하지 않음",
    "version": "버전 {version}",
    "tick_first": "동의하려면 먼저 확인란을 선택하세요.",
    "download_title": "접속 프로그램 받기",
    "download_help": "아래 파일을 받아 압축을 풀고 실행하면 번호를 다시 입력하지 않아도 자동으로 연결됩니다.",
    "download_button": "{os}용 접속 프로그램 내려받기",
    "other_os": "다른 운영체제",
    "no_program": "이 서버에는 {os}용 프로그램이 없습니다. 이미 설치된 접속 프로그램에서 접속번호를 입력하세요.",
    "status_JOINING": "동의를 기다리고 있습니다.",
    "status_CONNECTING": "프로그램이 실행되기를 기다리고 있습니다.",
    "status_APPROVAL": "PC에 나타난 연결 승인 창을 확인하세요.",
    "status_ACTIVE": "상담원과 연결되었습니다. 이 창은 닫아도 됩니다.",
    "status_SUSPENDED": "연결이 잠시 끊겼습니다. 자동으로 다시 연결합니다.",
    "status_over": "원격지원이 끝났습니다. 이용해 주셔서 감사합니다.",
    "status_REFUSED": "동의하지 않아 원격지원을 시작하지 않았습니다.",
    "status_gone": "접속번호의 유효 시간이 지났거나 취소되었습니다. 상담원에게 새 번호를 받으세요.",
    "status_WAITING": "시간이 지나 처음 상태로 돌아갔습니다. 번호를 다시 입력하세요.",
    "help_title": "연결되지 않나요?",
    "help_1": "받은 파일의 압축을 풀고 그 안의 프로그램을 실행했는지 확인하세요.",
    "help_2": "브라우저나 백신이 다운로드를 막았다면 ‘유지’ 또는 ‘허용’을 선택하세요.",
    "help_3": "그래도 안 되면 오른쪽 위 ‘접속 프로그램’을 받아 접속번호를 직접 입력하세요.",
    "phone": "휴대전화와 태블릿은 아직 지원하지 않습니다. 지원이 필요한 PC에서 이 페이지를 열어 주세요.",
    "again": "처음으로",
    "platforms": "Windows 10 이상, Linux(X11), macOS 11 이상에서 사용할 수 있습니다.",
    "unknown_company": "등록되지 않은 회사코드입니다.",
    "error_code": "오류 코드",
    "download_plain_help": "받은 프로그램을 실행하고 접속번호를 입력하세요.",
    "sha256": "SHA-256",
    "contact": "문의",
    "language": "English",
    "not_built": "이 서버에는 아직 내려받을 프로그램이 없습니다. 관리자에게 문의하세요.",
}

EN = {
    "title": "Remote support",
    "number_label": "Connection number",
    "number_help": "Enter the number that the operator reads out.",
    "next": "Next",
    "pick_title": "Choose your operator",
    "pick_help": "Click the operator whose name you were given.",
    "pick_none": "No operator is waiting right now. Please ask your operator.",
    "refresh": "Refresh",
    "warning": "Police and banks never ask for remote control. If a stranger does, stop at once.",
    "access_program": "Access program",
    "consent_title": "Consent to remote support",
    "consent_who": "{operator} of {company} will support this PC remotely.",
    "consent_agree": "I have read this and agree.",
    "agree": "Agree and continue",
    "disagree": "I do not agree",
    "version": "Version {version}",
    "tick_first": "To agree, tick the box first.",
    "download_title": "Get the access program",
    "download_help": "Download this file, unpack it and start the program: it connects by itself, without the number.",
    "download_button": "Download the access program for {os}",
    "other_os": "Other systems",
    "no_program": "This server has no program for {os}. Enter the number in an access program that is already installed.",
    "status_JOINING": "Waiting for your consent.",
    "status_CONNECTING": "Waiting for the program to start.",
    "status_APPROVAL": "Please answer the question that the program shows on this PC.",
    "status_ACTIVE": "You are connected to the operator. You may close this page.",
    "status_SUSPENDED": "The connection was lost for a moment. It comes back by itself.",
    "status_over": "Remote support has ended. Thank you.",
    "status_REFUSED": "You did not agree, so remote support was not started.",
    "status_gone": "The number has expired or was cancelled. Ask the operator for a new one.",
    "status_WAITING": "It took too long and starts over. Please enter the number again.",
    "help_title": "It does not connect?",
    "help_1": "Check that you unpacked the file and started the program in it.",
    "help_2": "If the browser or the antivirus blocked the download, choose “Keep” or “Allow”.",
    "help_3": "If that does not help, get the “Access program” at the top right and enter the number there.",
    "phone": "Phones and tablets are not supported yet. Please open this page on the PC that needs support.",
    "again": "Start over",
    "platforms": "For Windows 10 or newer, Linux (X11) and macOS 11 or newer.",
    "unknown_company": "That company code is not known.",
    "error_code": "Error code",
    "download_plain_help": "Start the program and enter the connection number.",
    "sha256": "SHA-256",
    "contact": "Contact",
    "language": "한국어",
    "not_built": "This server has no programs to download yet. Ask the administrator.",
}

TEXTS: Mapping[Language, Mapping[str, str]] = {"ko": KO, "en": EN}


def status_key(state: str) -> str:
    """Text key for a session's state."""
    if f"status_{state}" in KO:
        return f"status_{state}"
    return "status_gone" if state in ("EXPIRED", "CANCELLED") else "status_over"
