"""The peer's tables, as its ORM maps them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Session(Base):
    __tablename__ = "peer_session"
    id: Mapped[str] = mapped_column(primary_key=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("peer_officer.id"))
    expires_at: Mapped[datetime]
    officer: Mapped["Officer"] = relationship(lazy="joined", innerjoin=True)


class Officer(Base):
    __tablename__ = "peer_officer"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    name: Mapped[str]
    is_active: Mapped[bool]


class Post(Base):
    __tablename__ = "peer_post"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Division(Base):
    __tablename__ = "peer_division"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("peer_division.id"))
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    parent: Mapped["Division"] = relationship(remote_side=[id])


class Organisation(Base):
    __tablename__ = "peer_organisation"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    division_id: Mapped[int]


class Posting(Base):
    __tablename__ = "peer_posting"
    id: Mapped[int] = mapped_column(primary_key=True)
    officer_id: Mapped[int]
    post: Mapped[str] = mapped_column(ForeignKey("peer_post.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("peer_organisation.id"))
    from_date: Mapped[date]
    to_date: Mapped[date | None]
    held: Mapped[Post] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class Procedure(Base):
    __tablename__ = "peer_procedure"
    id: Mapped[int] = mapped_column(primary_key=True)
    procedure: Mapped[str]
    name: Mapped[str]


class Code(Base):
    __tablename__ = "peer_entry_code"
    id: Mapped[int] = mapped_column(primary_key=True)
    catalogue: Mapped[str]
    code: Mapped[str]


class Notice(Base):
    __tablename__ = "peer_notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int]
    organisation_id: Mapped[int]
    posts: Mapped[str]
    officer_id: Mapped[int | None]


class Reading(Base):
    __tablename__ = "peer_reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int]
    officer_id: Mapped[int]


class Circle(Base):
    __tablename__ = "peer_circle"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None]


class Member(Base):
    __tablename__ = "peer_member"
    id: Mapped[int] = mapped_column(primary_key=True)
    circle_id: Mapped[int]
    officer_id: Mapped[int | None]
    organisation_id: Mapped[int | None]
    post: Mapped[str | None]
    to_date: Mapped[date | None]


class Party(Base):
    __tablename__ = "peer_party"
    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int]
    organisation_id: Mapped[int]


class Call(Base):
    __tablename__ = "peer_call"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    category: Mapped[str]
    level: Mapped[str]
    lead: Mapped[str]
    is_joint: Mapped[bool]
    triaged_at: Mapped[datetime | None]


class Matter(Base):
    __tablename__ = "peer_matter"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    procedure: Mapped[str]
    title: Mapped[str]
    division_id: Mapped[int] = mapped_column(ForeignKey("peer_division.id"))
    organisation_id: Mapped[int]
    state: Mapped[str]
    seq: Mapped[int]
    head: Mapped[str]
    supervised: Mapped[bool]
    urged: Mapped[int]
    circle_id: Mapped[int | None]
    division: Mapped[Division] = relationship()


class Task(Base):
    __tablename__ = "peer_task"
    id: Mapped[int] = mapped_column(primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("peer_matter.id"))
    node: Mapped[str]
    name: Mapped[str]
    posts: Mapped[str]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("peer_organisation.id"))
    assignee_id: Mapped[int | None]
    level: Mapped[str]
    state: Mapped[int]
    due_at: Mapped[datetime]
    amber_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    matter: Mapped[Matter] = relationship()
    organisation: Mapped[Organisation] = relationship()


class Entry(Base):
    __tablename__ = "peer_ledger"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    seq: Mapped[int]
    act: Mapped[str]
    at: Mapped[datetime]
    body: Mapped[str]
    prev: Mapped[str]
    hash: Mapped[str]
