"""What rights are called where a customer reads them: consent and receipt. Every right has its word (tested)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wizhelper.http.errors import Language
from wizhelper.settings.rights import RECORDED

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
        "share": "상담원 화면 보여 주기",
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
        "share": "show a screen of their own",
    },
}

AGREED_WORDS: Mapping[Language, Mapping[str, str]] = {
    "ko": {**RIGHT_WORDS["ko"], RECORDED: "화면 녹화"},
    "en": {**RIGHT_WORDS["en"], RECORDED: "recording of the screen"},
}
"""What a receipt lists: rights, and that the session is recorded."""

_ASKED: Mapping[Language, str] = {
    "ko": "이번 원격지원에서 상담원이 쓸 수 있는 기능: {names}",
    "en": "In this session the operator can: {names}",
}

_RECORDED: Mapping[Language, str] = {
    "ko": "이 원격지원의 화면은 회사 정책에 따라 처음부터 끝까지 녹화됩니다. 녹화는 회사의 키로 암호화하여 보관합니다.",
    "en": "By the company's policy the screen of this session is recorded from beginning to end. The recording is kept "
    "encrypted to the company's key.",
}


def asked_for(scopes: Iterable[str], language: Language) -> str:
    """The sentence that stands below the consent text: what exactly is agreed to."""
    words, asked = RIGHT_WORDS[language], list(scopes)
    names = ", ".join(words.get(scope, scope) for scope in asked if scope != RECORDED)
    recorded = f"\n\n{_RECORDED[language]}" if RECORDED in asked else ""
    return _ASKED[language].format(names=names) + recorded
