"""Templates: their placeholders, the text with values filled in, and what a company begins with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wizhelper.http.errors import ApiError
from wizhelper.sms.counting import LMS_BYTES, SUBJECT_BYTES, cp949_bytes, normal

PLACEHOLDERS = ("link", "number", "company", "operator")
MAX_NAME = 40
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)


@dataclass(frozen=True)
class Words:
    """A template as it is written, or as it is sent."""

    name: str
    subject: str
    body: str


DEFAULTS = (
    Words("기본", "", "[{company}] 원격지원 접속: {link} 접속번호 {number}"),
    Words(
        "자세한 안내",
        "원격지원 안내",
        "[{company}] 원격지원 안내\n{operator} 상담원이 도와드립니다.\n"
        "1. 지원받을 PC의 브라우저에서 아래 주소를 여세요.\n{link}\n"
        "2. 접속번호 {number}을(를) 확인하고 [다음]을 누르세요.\n"
        "주소는 한 번만, 30분 동안 사용할 수 있습니다.\n"
        "수사기관·금융기관은 원격제어를 요구하지 않습니다.",
    ),
    Words("English", "", "[{company}] Remote support: {link} Number {number}"),
)


def checked(words: Words) -> Words:
    """Tidied. Raises ApiError("INVALID_FIELDS"): a template needs the link, knows its placeholders, and holds no address
    of its own, so that nobody sends people elsewhere through it (security: entry point E8)."""
    tidy = Words(words.name.strip(), " ".join(normal(words.subject).split()), normal(words.body))
    problems = {}
    if not tidy.name:
        problems["name"] = "empty"
    if _ADDRESS.search(tidy.body) or _ADDRESS.search(tidy.subject):
        problems["body"] = "no addresses but {link}"
    unknown = set(_PLACEHOLDER.findall(tidy.body)) - set(PLACEHOLDERS)
    if unknown:
        problems["body"] = "unknown: " + ", ".join(f"{{{name}}}" for name in sorted(unknown))
    if "{link}" not in tidy.body:
        problems["body"] = "{link} is missing"
    if cp949_bytes(tidy.subject) > SUBJECT_BYTES or "{" in tidy.subject:
        problems["subject"] = f"at most {SUBJECT_BYTES} bytes, no placeholders"
    if cp949_bytes(tidy.body) > LMS_BYTES:
        problems["body"] = f"at most {LMS_BYTES} bytes"
    if problems:
        raise ApiError("INVALID_FIELDS", fields=problems)
    return tidy


def filled(words: Words, values: Mapping[str, str]) -> Words:
    """The template with its values; names of people and companies are cut to one short line."""

    def value(found: re.Match[str]) -> str:
        return " ".join(values[found[1]].split())[: 200 if found[1] == "link" else MAX_NAME]

    return Words(words.name, words.subject, normal(_PLACEHOLDER.sub(value, words.body)))
