"""How the remote screen felt, every five seconds in which it moved, as the PC's program measured it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wizhelper.http.api import Model
from wizhelper.protocol.errors import RemoteProtocolError
from wizhelper.protocol.live import Quality, Sample
from wizhelper.records.model import SessionQuality

MAX_SAMPLES = 20_000
"""Per session: 28 hours of movement; later ones are not kept."""
MAX_AGO_S = 24 * 3600.0
MAX_FIGURE = 1e9


class SampleOut(Model):
    at: datetime
    latency_ms: float | None
    rtt_ms: float | None
    fps: float
    kbit_s: float


class QualityOut(Model):
    items: list[SampleOut]


def append(db: Session, session_id: str, now: datetime, quality: Quality) -> None:
    """Raises RemoteProtocolError("BAD_LIVE") for figures that cannot be."""
    if not all(map(_plausible, quality.samples)):
        raise RemoteProtocolError("BAD_LIVE", "sample")
    known = db.scalar(select(func.count()).where(SessionQuality.session_id == session_id)) or 0
    for sample in quality.samples[: max(MAX_SAMPLES - known, 0)]:
        db.add(
            SessionQuality(
                session_id=session_id,
                at=now - timedelta(seconds=sample.ago_s),
                latency_ms=sample.latency_ms,
                rtt_ms=sample.rtt_ms,
                fps=sample.fps,
                kbit_s=sample.kbit_s,
            )
        )


def _plausible(sample: Sample) -> bool:
    figures = [sample.fps, sample.kbit_s, sample.latency_ms or 0.0, sample.rtt_ms or 0.0]
    return 0 <= sample.ago_s <= MAX_AGO_S and all(0 <= figure <= MAX_FIGURE for figure in figures)


def of_session(db: Session, session_id: str) -> QualityOut:
    """In the order of time."""
    query = select(SessionQuality).where(SessionQuality.session_id == session_id).order_by(SessionQuality.at)
    return QualityOut(
        items=[
            SampleOut(at=row.at, latency_ms=row.latency_ms, rtt_ms=row.rtt_ms, fps=row.fps, kbit_s=row.kbit_s)
            for row in db.scalars(query)
        ]
    )
