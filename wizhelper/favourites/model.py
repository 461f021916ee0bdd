"""Table: favourites."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wizhelper.store.database import Base


class Favourite(Base):
    """`account_id` None: of the whole company. `shell` is empty for an address."""

    __tablename__ = "favourites"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(100))
    value: Mapped[str] = mapped_column(Text)
    shell: Mapped[str] = mapped_column(String(16), default="")
