"""Heads and rows of exported records and statistics, in the language of the person who asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from wizhelper.http.errors import Language
from wizhelper.records.export import Cell
from wizhelper.records.statistics import ALL, Figures
from wizhelper.records.view import SessionOut

HEADS: dict[Language, tuple[str, ...]] = {
    "ko": (
        *("번호", "상담원", "상태", "수정됨", "종료 사유", "생성", "연결", "종료", "제어 시간(초)", "중단 시간(초)"),
        *("장애유형", "상담결과", "메모", "PC", "사용자", "운영체제", "주소", "만족도", "고객 의견", "기록 ID"),
    ),
    "en": (
        *("Number", "Operator", "State", "Corrected", "Reason of the end", "Created", "Connected", "Ended"),
        *(
            "In control (s)",
            "Interrupted (s)",
            "Fault type",
            "Result",
            "Memo",
            "PC",
            "User",
            "System",
            "Address",
            "Satisfaction",
            "Comment",
            "Record",
        ),
    ),
}
TOTAL: dict[Language, str] = {"ko": "합계", "en": "Total"}


def record_rows(sessions: Iterable[SessionOut], faults: dict[int, str], zone_name: str) -> Iterator[tuple[Cell, ...]]:
    """Times are the company's own clock with its offset."""
    zone = ZoneInfo(zone_name)

    def at(moment: datetime | None) -> str:
        return moment.astimezone(zone).isoformat(" ", "seconds") if moment else ""

    for s in sessions:
        client = s.client
        yield (
            *(s.number or "", s.owner.display_name, s.state, "1" if s.corrected else "", s.end_reason or ""),
            *(at(s.created_at), at(s.connected_at), at(s.ended_at), s.active_s, s.suspended_s),
            *(faults.get(s.fault_type_id or 0, ""), s.result or "", s.memo),
            *(
                (client.host_name, client.user_name, f"{client.os} {client.os_version}", client.address)
                if client
                else [""] * 4
            ),
            *("" if s.satisfaction is None else s.satisfaction, s.survey_comment),
            s.id,
        )


def figure_head(figures: Figures, language: Language) -> list[str]:
    return ["", *(c.label or c.key for c in figures.columns if c.key != ALL), TOTAL[language]]


def figure_rows(figures: Figures, language: Language) -> Iterator[list[Cell]]:
    split = any(c.key != ALL for c in figures.columns)
    for row in figures.rows:
        yield [row.label or row.key, *(row.cells if split else []), row.total]
    yield [TOTAL[language], *([c.total for c in figures.columns] if split else []), figures.total]
