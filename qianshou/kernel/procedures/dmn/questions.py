"""Questions to the decisions of a file, in JSON, and the answers: what `qianshou decide` does.

Numbers keep their digits; dates, times and durations are strings, which take the type that the
input data declares; where none is declared, @"2024-11-18" is a date and "2024-11-18" a text.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from qianshou.kernel.procedures.dmn.loading import read_dmn
from qianshou.kernel.procedures.dmn.model import DecisionModel
from qianshou.kernel.procedures.feel.meter import bounded, spend
from qianshou.kernel.procedures.feel.values import kind, lift, write, write_number
from qianshou.kernel.procedures.xml import LARGEST
from qianshou.kernel.refusal import Refusal

LONGEST_NUMBER = 40


@dataclass(frozen=True)
class Question:
    """The name or id of a decision, and the facts to decide over."""

    decision: str
    facts: dict[str, Any]


def open_model(path: Path) -> DecisionModel:
    """Return the model of a file; what it imports is looked for among the .dmn files beside it.

    Raises Refusal decide.file where it cannot be read, and dmn.* where it is no DMN.
    """

    def others() -> Iterator[tuple[str, bytes]]:
        for other in sorted(path.parent.glob("*.dmn")):
            if other != path and other.is_file() and other.stat().st_size <= LARGEST:
                yield other.name, other.read_bytes()

    return read_dmn(read_bytes(path), path.name, others())


def read_bytes(path: Path) -> bytes:
    """Return a file's content; raises Refusal decide.file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refusal(
            "decide.file",
            f"读不了文件 {path}：{error.strerror}",
            f"The file {path} cannot be read: {error.strerror}",
            field="file",
        ) from None


def read_facts(text: str) -> dict[str, Any]:
    """Return the JSON object that a text holds; raises Refusal decide.json."""
    found = read_json(text)
    if not isinstance(found, dict):
        raise Refusal(
            "decide.object",
            '输入应当是 JSON 对象，例如 {"金额": 1200}',
            'The input must be a JSON object, such as {"amount": 1200}',
            field="input",
        )
    return found


def read_questions(text: str, decision: str | None) -> list[Question]:
    """Return the questions of a JSON list or of JSON lines: each the input, or an object with
    "input" and perhaps "decision".

    Raises Refusal decide.json, decide.object, or decide.decision where nobody says which
    decision.
    """
    if text.lstrip().startswith("["):
        found = read_json(text)
    else:
        found = [
            read_json(row, place) for place, row in enumerate(text.splitlines(), 1) if row.strip()
        ]
    questions = []
    for one in found:
        facts, asked = one, decision
        if isinstance(one, dict) and "input" in one and one.keys() <= {"decision", "input"}:
            facts, asked = one["input"], one.get("decision", decision)
        if not isinstance(facts, dict) or (asked is not None and not isinstance(asked, str)):
            raise Refusal(
                "decide.object",
                '输入应当是 JSON 对象，例如 {"金额": 1200}',
                'The input must be a JSON object, such as {"amount": 1200}',
                field="cases",
            )
        questions.append(Question(named(asked), facts))
    return questions


def named(decision: str | None) -> str:
    """Return the name of a decision; raises Refusal decide.decision where there is none."""
    if not decision:
        raise Refusal(
            "decide.decision",
            "没有写哪个决策；请加 --decision 名称",
            "Nobody said which decision; add --decision NAME",
            field="decision",
        )
    return decision


def read_json(text: str, row: int = 0) -> Any:
    """Return what a JSON text says, numbers as int or Decimal; raises Refusal decide.json."""

    def refuse_constant(word: str) -> None:
        raise ValueError(word)

    try:
        return json.loads(text, parse_float=Decimal, parse_constant=refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        where_zh, where_en = (f"第 {row} 行", f" on line {row}") if row else ("", "")
        raise Refusal(
            "decide.json",
            f"{where_zh}不是 JSON：{error}",
            f"This is no JSON{where_en}: {error}",
            field="input",
        ) from None


def answer(model: DecisionModel, question: Question, at: datetime) -> str:
    """Return the outcome as one line of JSON; null for what cannot be decided.

    Raises Refusal dmn.decision for a decision that is not there.
    """
    value = model.evaluate(question.decision, question.facts, at)
    return bounded(lambda: write_json(value)) or "null"


def write_json(value: Any) -> str:
    """Return a FEEL value as JSON: all digits of numbers; dates, times, durations and ranges as
    strings in their ISO or FEEL form; null for a function.
    """
    value = lift(value)
    of = kind(value)
    spend()
    if of in ("null", "boolean", "string"):
        return json.dumps(value, ensure_ascii=False)
    if of == "number":
        far = type(value) is Decimal and abs(value.adjusted()) > LONGEST_NUMBER
        return str(value.normalize()) if far else write_number(value)
    if of == "list":
        return f"[{', '.join(write_json(part) for part in value)}]"
    if of == "context":
        entries = (
            f"{json.dumps(key, ensure_ascii=False)}: {write_json(value[key])}" for key in value
        )
        return f"{{{', '.join(entries)}}}"
    return "null" if of == "function" else json.dumps(write(value), ensure_ascii=False)
