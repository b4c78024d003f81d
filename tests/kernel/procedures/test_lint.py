"""A file explained in a modeller's words: where, how grave, what to do."""

from collections.abc import Mapping

import pytest

from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import compile_procedure
from qianshou.kernel.procedures.feel import Expression, compile_expression, meter
from qianshou.kernel.procedures.forms import load_form
from qianshou.kernel.procedures.kinds import is_condition
from qianshou.kernel.procedures.lint import REMEDIES, Finding, Surroundings, lint
from qianshou.kernel.refusal import Refusal
from tests.kernel.procedures.drafts import bpmn
from tests.kernel.procedures.foreign import foreign

FORM = load_form(
    """{"title": "登记", "x-en": "Register", "type": "object", "properties": {
    "amount": {"type": "number", "title": "金额", "x-en": "Amount"},
    "kind": {"type": "string", "title": "种类", "x-en": "Kind"},
    "ok": {"type": "boolean", "title": "同意", "x-en": "Agree"}}}""".encode(),
    "a",
)
KNOWN = Surroundings({"seat"}, {"a": FORM}, {}, {}, {"told"})
DUE = "local.default"


def found(draft: str, known: Surroundings | None = None) -> list[Finding]:
    raw = bpmn(draft).decode().replace('qs:source="t"', f'qs:source="{DUE}"')
    raw = raw.replace(
        'camunda:candidateGroups="seat"', 'camunda:candidateGroups="seat" qs:form="a"'
    )
    return lint(raw.encode(), "x.bpmn", known)


def told(draft: str, known: Surroundings | None = None) -> set[tuple[str, str]]:
    """Return what is found besides missing English names."""
    return {(one.element, one.code) for one in found(draft, known) if one.code != "lint.name_en"}


class Counted(Expression):
    """An expression that remembers how often it was tried."""

    __slots__ = ("tries",)

    def __call__(self, facts: Mapping[str, object]) -> object:
        self.tries = getattr(self, "tries", 0) + 1
        return super().__call__(facts)


def test_all_tries_of_a_condition_cost_no_more_than_one_evaluation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meter, "MOST_STEPS", 20_000)
    costly = Counted("count(for i in 1..100, j in 1..90 return a + b + c + d + i) + 1", (), {})
    assert is_condition(costly, {})
    assert costly.tries < 5


def test_a_condition_is_tried_no_more_once_it_says_yes_or_no() -> None:
    once = Counted("a = b or c = d or true", (), {})
    assert is_condition(once, {})
    assert once.tries == 1


def test_a_sound_file_has_no_problem() -> None:
    assert told("end e\n s > a > e") == set()
    assert (
        told("xor x\nend e\nend f\n s > x\n x > a: amount > 5\n x > b\n a > e\n b > f", KNOWN)
        == set()
    )


@pytest.mark.parametrize(
    ("draft", "element", "code"),
    [
        ("end e\n s > a > e\n b > e", "b", "bpmn.unreachable"),
        ("s > a", "a", "bpmn.dead_end"),
        ("xor x\nend e\n s > x\n x > a: n > 1\n x > b: n < 1\n a > e\n b > e", "x", "bpmn.default"),
        ("and o\nxor j\nand k\nend e\n s > o\n o > a > k\n o > b > j\n j > k: n = 1\n j > f\nend f\n k > e",
         "k", "soundness.stuck"),
        ("xor x\nend e\n s > x\n x > a: n + 1\n x > b\n a > e\n b > e", "f1", "lint.kind"),
        ("fail x error E1\n s > a > x", "x", "lint.uncaught"),
        ("fail x escalation E1\n s > a > x", "x", "lint.uncaught"),
        ("and o\nand j\nend e\n s > o\n o > a > j\n o > b > j\n j > e", "b", "lint.clash"),
    ],
)  # fmt: skip
def test_a_file_alone_is_explained(draft: str, element: str, code: str) -> None:
    assert (element, code) in told(draft)


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ('amount > "5"', "lint.kind"),
        ("kind > 5", "lint.kind"),
        ("kind", "lint.kind"),
        ("unheard = 1", "lint.name"),
    ],
)
def test_in_a_pack_conditions_are_held_against_the_forms(condition: str, code: str) -> None:
    draft = f"xor x\nend e\nend f\n s > x\n x > a: {condition}\n x > b\n a > e\n b > f"
    assert told(draft, KNOWN) == {("f1", code)}


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("ok", True), ("not(ok)", True), ("amount > 5 and kind = \"x\"", True), ("told.x > 1", True),
        ("amount in [1..5]", True), ("true", True), ("amount + 1", False), ('"x"', False),
        ("[1, 2]", False), ("amount = 5 and ok > 3", True),
    ],
)  # fmt: skip
def test_a_condition_says_yes_or_no(text: str, fine: bool) -> None:
    fields = {one.id: one for one in FORM.fields}
    assert is_condition(compile_expression(text), fields) == fine


def test_who_what_and_when_are_asked_of_every_step() -> None:
    raw = foreign("bpmn-js")
    codes = {one.code for one in lint(raw, "x.bpmn")}
    assert codes == {"lint.post", "lint.form", "lint.due", "lint.name_en"}
    known = Surroundings(set(), {}, {}, {})
    assert told("end e\n s > a > e", known) == {("a", "lint.post"), ("a", "lint.form")}
    raw = bpmn("end e\n s > a > e")
    assert "lint.source" in {one.code for one in lint(raw, "x.bpmn")}
    raw = bpmn("end e\n s > a > e").replace(b'qs:source="t"', b"")
    assert "lint.source" in {one.code for one in lint(raw, "x.bpmn")}


def test_what_nobody_reads_is_named_with_its_line() -> None:
    one = next(one for one in lint(foreign("activiti"), "x.bpmn") if one.code == "lint.ignored")
    assert (one.severity, one.element) == ("warning", "a")
    assert one.line > 0
    assert one.text("en").startswith("activiti:priority is not read; ")
    assert "activiti:priority" in one.text("zh-hans")


def test_calls_and_decisions_are_taken_for_known_where_nothing_is() -> None:
    draft = "call c other\nend e\n s > c > e"
    assert told(draft) == set()
    assert told(draft, KNOWN) == {("c", "bpmn.called")}
    inner = compile_procedure(load_bpmn(bpmn("end x\n s > i > x"), "x"))
    assert told(draft, Surroundings(None, None, {}, {"other": inner})) == set()


def test_every_problem_has_both_languages_and_most_a_remedy() -> None:
    for name in ("everything refused", "camunda 7, expression", "choreography", "pools"):
        for one in lint(foreign(name), name):
            assert one.zh
            assert one.en
            assert one.zh != one.en
    assert all(zh and en for zh, en in REMEDIES.values())


def test_tables_are_explained_too() -> None:
    raw = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d">
    <decision id="x" name="x"><decisionTable id="t">
    <output id="o"/><rule id="r"><outputEntry><text>1 +</text></outputEntry></rule>
    </decisionTable></decision></definitions>"""
    (one,) = lint(raw, "x.dmn")
    assert one.code.startswith("dmn.")
    assert one.line > 1
    assert "line" not in one.en


@pytest.mark.parametrize("name", ["x.bpmn", "x.dmn"])
def test_what_cannot_be_read_at_all_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        lint(b"<html/>", name)
    assert refused.value.code.endswith((".root", ".xml"))
