"""What the interface tells, as shapes: tasks, matters, forms, places, figures."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ninja import Field, Schema

from qianshou.kernel.procedures import forms


class Words(Schema):
    """A name in both languages."""

    zh: str
    en: str


class ToldTask(Schema):
    """An open task of the list."""

    id: int
    number: str
    title: str
    procedure: str
    step: str
    name: Words
    posts: list[str]
    organisation: int
    is_mine: bool = Field(description="claimed by the officer as whom the token acts")
    level: str
    opened_at: datetime
    amber_at: datetime
    due_at: datetime
    supervised: bool
    urged: int


class TaskPage(Schema):
    """A page of tasks; `after` asks for the next one, "" is the end."""

    rows: list[ToldTask]
    after: str


class ToldChoice(Schema):
    """One value that a field may take."""

    value: str
    name: Words


class ToldField(Schema):
    """One field of a form."""

    id: str
    name: Words
    help: Words
    kind: str
    widget: str
    required: bool
    when: str = Field(description="FEEL: the field counts only then")
    catalogue: str
    choices: list[ToldChoice]
    longest: int


class ToldForm(Schema):
    """A form: what `facts` are to hold."""

    name: Words
    fields: list[ToldField]


class ToldTarget(Schema):
    """An earlier step to which a task can be returned."""

    step: str
    name: Words


class OneTask(Schema):
    """A task with its form and where it can be returned to."""

    id: int
    number: str
    step: str
    name: Words
    is_open: bool
    due_at: datetime
    form: ToldForm | None
    targets: list[ToldTarget]


class ToldFact(Schema):
    """A fact of a matter; what is sealed is not told here."""

    id: str
    name: Words
    value: Any
    sealed: bool


class ToldDocument(Schema):
    """A file of a matter."""

    digest: str
    name: str


class ToldEntry(Schema):
    """One entry of a matter's ledger."""

    seq: int
    act: str
    step: str
    at: datetime
    by: str
    by_kind: str
    organisation: int | None
    text: str
    facts: list[ToldFact]
    documents: list[ToldDocument]
    hash: str


class ToldMatter(Schema):
    """A matter as the token's seat may see it."""

    number: str
    procedure: str
    version: str
    title: str
    level: str
    division: str
    organisation: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str
    supervised: bool
    suspended: bool
    facts: list[ToldFact]
    tasks: list[int]
    documents: list[ToldDocument]
    timeline: list[ToldEntry]


class Done(Schema):
    """What an act led to: the matter, and the tasks that are open now and may be seen."""

    number: str
    closed: bool
    tasks: list[int]


class ToldWay(Schema):
    """A way in that the token's seat may use."""

    start: str
    name: Words
    form: ToldForm


class ToldDivision(Schema):
    """A division."""

    id: int
    parent: int | None
    code: str
    code_system: str
    kind: str
    name: str
    valid_from: date
    valid_to: date | None


class DivisionPage(Schema):
    """A page of divisions; `after` asks for the next one, 0 is the end."""

    rows: list[ToldDivision]
    after: int


class ToldOrganisation(Schema):
    """An organisation."""

    id: int
    parent: int | None
    code: str
    kind: str
    name: Words
    division: int
    valid_from: date
    valid_to: date | None


class OrganisationPage(Schema):
    """A page of organisations; `after` asks for the next one, 0 is the end."""

    rows: list[ToldOrganisation]
    after: int


class ToldIndicator(Schema):
    """An indicator that is shown to the token's seat."""

    pack: str
    key: str
    name: Words
    unit: Words


class ToldFigure(Schema):
    """An indicator's value with the number of records it looks at and where they are shown."""

    pack: str
    key: str
    first_day: date
    last_day: date
    value: float | None
    records: int | None
    kept_back: Words | None = Field(description="what stands in place of a small count")
    trace: str


class Caller(Schema):
    """Whose token this is, what it may do, and at which seats."""

    name: str
    scopes: list[str]
    officer: str
    expires_on: date
    seats: list[str]


def tell_form(form: forms.Form) -> ToldForm:
    """Return a form's fields."""
    return ToldForm(
        name=Words(zh=form.zh, en=form.en),
        fields=[
            ToldField(
                id=field.id,
                name=Words(zh=field.zh, en=field.en),
                help=Words(zh=field.help_zh, en=field.help_en),
                kind=field.kind,
                widget=field.widget,
                required=field.required,
                when=field.when.text if field.when else "",
                catalogue=field.catalogue,
                choices=[
                    ToldChoice(value=one.value, name=Words(zh=one.zh, en=one.en))
                    for one in field.choices
                ],
                longest=field.schema.get("maxLength", 0),
            )
            for field in form.fields
        ],
    )


def tell_facts(fields: Mapping[str, forms.Field], facts: Mapping[str, Any]) -> list[ToldFact]:
    """Return the facts that some form asks for; of a person or sealed one, only that it is there."""
    told = []
    for field in fields.values():
        value = facts.get(field.id)
        if value in (None, "", [], {}):
            continue
        hidden = field.vault or field.sealed
        name = Words(zh=field.zh, en=field.en)
        told.append(
            ToldFact(id=field.id, name=name, value=None if hidden else value, sealed=hidden)
        )
    return told
