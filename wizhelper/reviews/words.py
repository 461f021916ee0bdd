"""Words of the exported review."""

from __future__ import annotations

from collections.abc import Mapping

from wizhelper.http.errors import Language

HEADS: Mapping[Language, list[str]] = {
    "ko": [
        *("아이디", "이름", "역할", "그룹", "상태", "2단계 인증", "만든 날", "최근 로그인", "로그인", "실패한 로그인"),
        *("접근할 수 있는 기기", "접근한 기기", "상담", "관리 행위", "열어 본 녹화", "확인할 점"),
    ],
    "en": [
        *("ID", "Name", "Role", "Group", "State", "Two-step", "Made", "Last login", "Logins", "Failed logins"),
        *("Devices in reach", "Devices reached", "Sessions", "Administrative acts", "Recordings opened", "To be asked"),
    ],
}
ROLES: Mapping[Language, Mapping[str, str]] = {
    "ko": {"admin": "관리자", "group_admin": "그룹관리자", "operator": "상담원", "auditor": "감사자"},
    "en": {"admin": "administrator", "group_admin": "group administrator", "operator": "operator", "auditor": "auditor"},
}
FLAGS: Mapping[Language, Mapping[str, str]] = {
    "ko": {"no_two_step": "2단계 인증 없음", "unused": "90일 넘게 사용 없음", "new": "이달에 만든 계정"},
    "en": {"no_two_step": "no two-step login", "unused": "unused for 90 days", "new": "made in this month"},
}
