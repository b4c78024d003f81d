"""The tables of the registry as pages show them: names, columns, fields, who may change them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q

from qianshou.kernel.access import Actor
from qianshou.kernel.check import ACTS
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.shifts import SCHEDULE, may_schedule
from qianshou.kernel.registry.models import (
    CalendarDay,
    CalendarYear,
    Catalogue,
    Division,
    Officer,
    Organisation,
    Post,
    Posting,
    Shift,
)

Choices = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Field:
    """A field of a table's form; `refers` names the table whose row it holds.

    A `fixed` field is given once, when the row is made.
    """

    key: str
    zh: str
    en: str
    widget: str = "text"
    required: bool = True
    fixed: bool = False
    choices: Choices = ()
    refers: str = ""
    preset: str = ""
    help_zh: str = ""
    help_en: str = ""

    def label(self, language: str) -> str:
        """Return the field's name in `language`."""
        return self.zh if language.startswith("zh") else self.en

    def help(self, language: str) -> str:
        """Return what the field explains in `language`."""
        return self.help_zh if language.startswith("zh") else self.help_en


@dataclass(frozen=True)
class Table:
    """A table of the registry. `shown` are the list's columns, the first of them the row's name.

    `matches` are the fields by which a sheet's row finds its row here; without them the table
    cannot be imported. `tokens` are where its search looks; `ends` says what is current.
    """

    key: str
    zh: str
    en: str
    hint_zh: str
    hint_en: str
    icon: str
    model: type[Model]
    fields: tuple[Field, ...]
    shown: tuple[str, ...]
    order: tuple[str, ...]
    editor: str
    matches: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ("tokens",)
    joins: tuple[str, ...] = ()
    current: Callable[[datetime], Q] | None = None
    spans: tuple[str, str] | None = None

    @property
    def importable(self) -> bool:
        """Whether rows may come from a sheet."""
        return bool(self.matches)

    def field(self, key: str) -> Field:
        """Return one of the fields."""
        return next(field for field in self.fields if field.key == key)

    def name(self, language: str) -> str:
        """Return the table's name in `language`."""
        return self.zh if language.startswith("zh") else self.en

    def hint(self, language: str) -> str:
        """Return what the table is for."""
        return self.hint_zh if language.startswith("zh") else self.hint_en


def choices_of(pairs: Any, english: dict[str, str]) -> Choices:
    """Return a model's choices with their English words."""
    return tuple((code, zh, english.get(code, code)) for code, zh in pairs)


def until(name: str) -> Callable[[datetime], Q]:
    """Return the rule of rows whose last day `name` has not passed."""

    def rule(at: datetime) -> Q:
        return Q(**{name: None}) | Q(**{f"{name}__gte": at.astimezone(CHINA).date()})

    return rule


FROM = Field("valid_from", "启用日期", "Valid from", "date")
TO = Field("valid_to", "停用日期", "Valid to", "date", required=False, help_zh="仍在使用的留空",
           help_en="Leave blank while in use")  # fmt: skip
NAME = Field("name", "名称", "Name")
NAME_EN = Field("name_en", "英文名称", "English name")
CODE_HELP = ("字母、数字、连字符；定了不能改", "Letters, digits, hyphens; given once")
ACT_NAMES = {
    "transfer": ("转办", "Transfer"),
    "supervise": ("督办", "Supervise"),
    "merge": ("并案", "Merge"),
    "stand_in": ("代为办理", "Stand in"),
    SCHEDULE: ("排班", "Plan shifts"),
}

DIVISIONS = Table(
    "divisions", "行政区划", "Divisions", "区县、镇街、村和社区", "District, towns and villages",
    "map-2", Division,
    (
        NAME,
        Field("kind", "类别", "Kind", "select", choices=choices_of(
            Division.KINDS, {"district": "District", "street": "Subdistrict", "town": "Town",
                             "village": "Village", "community": "Community"})),
        Field("parent", "上级", "Within", "select", required=False, fixed=True, refers="divisions"),
        Field("code_system", "代码来源", "Code system", fixed=True,
              help_zh="例如：统计用区划代码 2023", help_en="Such as: statistical codes 2023"),
        Field("code", "代码", "Code", fixed=True),
        FROM, TO,
        Field("longitude", "经度", "Longitude", "number", required=False),
        Field("latitude", "纬度", "Latitude", "number", required=False),
        Field("source", "依据", "Source", required=False),
        Field("approximate", "位置为约数", "Approximate position", "checkbox", required=False),
    ),
    shown=("name", "kind", "parent", "code", "valid_from", "valid_to"), order=("path",),
    editor="system", matches=("code_system", "code"), joins=("parent",), current=until("valid_to"),
    spans=("valid_from", "valid_to"),
)  # fmt: skip
ORGANISATIONS = Table(
    "organisations", "机构", "Organisations", "指挥中心、派出所、部门、村（社区）",
    "Centres, stations, bureaus, villages", "building-bank", Organisation,
    (
        NAME, NAME_EN,
        Field("code", "代码", "Code", fixed=True, help_zh=CODE_HELP[0], help_en=CODE_HELP[1]),
        Field("kind", "类别", "Kind", "select", choices=choices_of(
            Organisation.KINDS, {"district_centre": "District centre", "town_centre": "Town centre",
                                 "station": "Police station", "town": "Town", "bureau": "Bureau",
                                 "village": "Village"})),
        Field("division", "辖区", "Division", "select", refers="divisions"),
        Field("parent", "上级机构", "Under", "select", required=False, refers="organisations"),
        FROM, TO,
    ),
    shown=("name", "kind", "division", "parent", "code", "valid_to"), order=("id",),
    editor="system", matches=("code",), joins=("division", "parent"), current=until("valid_to"),
    spans=("valid_from", "valid_to"),
)  # fmt: skip
POSTS = Table(
    "posts", "岗位", "Posts", "岗位能办什么、管多大范围", "What a post may do, and how far",
    "id-badge-2", Post,
    (
        NAME, NAME_EN,
        Field("code", "代码", "Code", fixed=True, help_zh=CODE_HELP[0], help_en=CODE_HELP[1]),
        Field("pack", "业务包", "Pack", fixed=True,
              help_zh="例如 police.gate", help_en="Such as police.gate"),
        Field("reach", "范围", "Reach", "select", choices=choices_of(
            Post.REACHES, {"organisation": "Own organisation", "division": "Own division",
                           "district": "Whole district"})),
        Field("acts", "可以办理", "May do", "checkboxes", required=False, choices=tuple(
            (act, *ACT_NAMES.get(act, (act, act))) for act in sorted(ACTS))),
        Field("reads", "可以查看", "May read", "words", required=False,
              help_zh="数据类别的代码，用空格隔开，例如 caller",
              help_en="Codes of classes, separated by spaces, such as caller"),
    ),
    shown=("name", "code", "pack", "reach", "acts"), order=("pack", "code"), editor="system",
    matches=("code",),
)  # fmt: skip
OFFICERS = Table(
    "officers", "工作人员", "Officers", "姓名、账号、角色", "Names, accounts, roles", "users", Officer,
    (
        Field("name", "姓名", "Name"),
        Field("username", "账号", "Account", fixed=True, help_zh="登录用；定了不能改",
              help_en="To log in with; given once"),
        Field("role", "角色", "Role", "select", preset="officer", choices=choices_of(
            Officer.ROLES, {"officer": "Officer", "system": "System administrator",
                            "security": "Security administrator", "audit": "Auditor"})),
        Field("is_active", "可以登录", "May log in", "checkbox", required=False, preset="true"),
    ),
    shown=("name", "username", "role", "is_active"), order=("name", "id"), editor="security",
    matches=("username",), current=lambda at: Q(is_active=True),
)  # fmt: skip
POSTINGS = Table(
    "postings", "任职", "Postings", "谁在哪个机构任什么岗位", "Who holds which post where",
    "user-check", Posting,
    (
        Field("officer", "工作人员", "Officer", "select", fixed=True, refers="officers"),
        Field("post", "岗位", "Post", "select", fixed=True, refers="posts"),
        Field("organisation", "机构", "Organisation", "select", fixed=True, refers="organisations"),
        Field("kind", "任职方式", "Kind", "select", preset="holder", choices=choices_of(
            Posting.KINDS, {"holder": "Holder", "deputy": "Deputy", "acting": "Acting"})),
        Field("from_date", "起", "From", "date", fixed=True),
        Field("to_date", "止", "To", "date", required=False, help_zh="仍在任的留空",
              help_en="Leave blank while held"),
    ),
    shown=("officer", "post", "organisation", "kind", "from_date", "to_date"),
    order=("organisation", "post", "id"), editor="security",
    matches=("officer", "post", "organisation", "from_date"),
    tokens=("officer__tokens", "organisation__tokens", "post__tokens"),
    joins=("officer", "post", "organisation"), current=until("to_date"),
    spans=("from_date", "to_date"),
)  # fmt: skip
SHIFTS = Table(
    "shifts", "值班", "Shifts", "谁在什么时候值守；交班和接班", "Who is on duty when; hand-over",
    "calendar-event", Shift,
    (
        Field("organisation", "机构", "Organisation", "select", fixed=True, refers="organisations"),
        Field("post", "岗位", "Post", "select", fixed=True, refers="posts"),
        Field("officer", "工作人员", "Officer", "select", refers="officers"),
        Field("starts_at", "开始", "Starts", "datetime"),
        Field("ends_at", "结束", "Ends", "datetime"),
    ),
    shown=("officer", "organisation", "post", "starts_at", "ends_at"), order=("starts_at", "id"),
    editor="", matches=("organisation", "post", "officer", "starts_at"),
    tokens=("officer__tokens", "organisation__tokens", "post__tokens"),
    joins=("officer", "post", "organisation"), current=lambda at: Q(ends_at__gte=at),
    spans=("starts_at", "ends_at"),
)  # fmt: skip
CATALOGUES = Table(
    "catalogues", "代码表", "Catalogues", "表单里可选的类别；改动成为新版本",
    "What forms offer; a change makes a new version", "list-details", Catalogue,
    (
        NAME, NAME_EN,
        Field("code", "代码", "Code", fixed=True),
        Field("version", "版本", "Version", "number", fixed=True),
        Field("pack", "业务包", "Pack", required=False, fixed=True),
        Field("valid_from", "启用日期", "Valid from", "date", fixed=True),
    ),
    shown=("name", "code", "version", "pack", "valid_from"), order=("code", "-version"),
    editor="system", tokens=(), current=lambda at: Q(is_current=True),
)  # fmt: skip
CALENDAR = Table(
    "calendar", "节假日", "Holidays", "放假和调休上班的日子", "Holidays and make-up working days",
    "calendar-off", CalendarDay,
    (
        Field("day", "日期", "Day", "date", fixed=True),
        Field("is_workday", "上班", "Working day", "checkbox", required=False),
        Field("name", "名称", "Name"),
    ),
    shown=("day", "name", "is_workday"), order=("-day",), editor="system", matches=("day",),
    tokens=(),
)  # fmt: skip
YEARS = Table(
    "years", "日历年度", "Calendar years", "哪一年的放假安排已经公布",
    "Whose holidays are published", "calendar-event", CalendarYear,
    (
        Field("year", "年份", "Year", "number", fixed=True),
        Field("is_published", "放假安排已公布", "Holidays published", "checkbox", required=False),
        Field("source", "依据", "Source", required=False),
    ),
    shown=("year", "is_published", "source"), order=("-year",), editor="system",
    matches=("year",), tokens=(),
)  # fmt: skip
TABLES = {
    table.key: table
    for table in (
        DIVISIONS, ORGANISATIONS, POSTS, OFFICERS, POSTINGS, SHIFTS, CATALOGUES, CALENDAR, YEARS,
    )
}  # fmt: skip


def may_edit(table: Table, by: Actor, row: Any = None) -> bool:
    """Whether `by` may add rows to a table or, with a `row`, change it.

    Shifts belong to those who plan them in the organisation; the rest to one administrator.
    Accounts of administrators are the command line's.
    """
    if table is OFFICERS and row is not None and row.role != "officer":
        return False
    if table is not SHIFTS:
        return by.kind == "officer" and by.role == table.editor
    if row is not None:
        return may_schedule(by, row.organisation_id)
    return any(may_schedule(by, organisation) for organisation in by.organisations)
