"""What acts and rights are called on a customer's receipt. Every act and every right has its word (tested)."""

from __future__ import annotations

from collections.abc import Mapping

from wizhelper.http.errors import Language

ACT_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ko": {
        "recording_started": "화면 녹화 시작",
        "recording_stopped": "화면 녹화 중지",
        "screenshot": "화면 저장",
        "clipboard_on": "클립보드 공유 시작",
        "clipboard_off": "클립보드 공유 중지",
        "process_killed": "프로세스 종료",
        "url_opened": "인터넷 주소 열기",
        "command_run": "명령 실행",
        "command_ended": "명령 끝남",
        "file_sent": "고객 PC에 파일 보냄",
        "file_received": "고객 PC에서 파일 가져감",
        "folder_made": "폴더 만들기",
        "file_renamed": "이름 바꾸기",
        "file_removed": "파일 삭제",
        "drawn": "화면에 그리기",
        "terminal_opened": "터미널 열기",
        "terminal_closed": "터미널 닫힘",
        "reboot_asked": "재부팅 요청",
        "reboot_refused": "재부팅하지 않음",
        "printed": "원격 인쇄",
        "print_ended": "인쇄 끝",
        "acts_overflow": "이후의 작업은 너무 많아 기록하지 않음",
    },
    "en": {
        "recording_started": "Screen recording started",
        "recording_stopped": "Screen recording stopped",
        "screenshot": "Screenshot saved",
        "clipboard_on": "Clipboard sharing started",
        "clipboard_off": "Clipboard sharing stopped",
        "process_killed": "Process ended",
        "url_opened": "Internet address opened",
        "command_run": "Command run",
        "command_ended": "Command finished",
        "file_sent": "File put on your PC",
        "file_received": "File taken from your PC",
        "folder_made": "Folder made",
        "file_renamed": "Renamed",
        "file_removed": "File removed",
        "drawn": "Drawn on the screen",
        "terminal_opened": "Terminal opened",
        "terminal_closed": "Terminal closed",
        "reboot_asked": "Restart asked for",
        "reboot_refused": "Not restarted",
        "printed": "Printed",
        "print_ended": "Printing ended",
        "acts_overflow": "What followed was too much to be kept",
    },
}

RIGHT_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ko": {
        "view": "화면 보기",
        "control": "원격 조작",
        "clipboard": "클립보드",
        "chat": "채팅",
        "information": "PC 정보",
        "url": "인터넷 주소 열기",
        "command": "명령 실행",
        "files": "파일 전송",
        "draw": "화면에 그리기",
        "terminal": "터미널",
        "reboot": "PC 재부팅",
        "print": "원격 인쇄",
    },
    "en": {
        "view": "see the screen",
        "control": "control",
        "clipboard": "clipboard",
        "chat": "chat",
        "information": "PC information",
        "url": "open addresses",
        "command": "run commands",
        "files": "move files",
        "draw": "draw on the screen",
        "terminal": "terminal",
        "reboot": "restart the PC",
        "print": "print documents",
    },
}
