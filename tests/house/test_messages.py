"""Every Chinese text has its English, and what is compiled is what was written."""

import ast

from tests.house import messages


def test_every_text_has_english_and_every_catalogue_is_compiled() -> None:
    problems = messages.check()
    assert not problems, "\n".join(problems)


def test_a_refusal_is_read_with_its_code_and_both_sentences() -> None:
    call = ast.parse(
        'Refusal("door.closed", f"事项 {number} 已办结", f"Matter {number} is closed")'
    )
    expression = call.body[0]
    assert isinstance(expression, ast.Expr)
    assert isinstance(expression.value, ast.Call)
    assert messages.read_refusal(expression.value) == (
        "door.closed",
        "事项 {…} 已办结",
        "Matter {…} is closed",
    )


def test_a_call_without_a_chinese_sentence_is_no_refusal() -> None:
    expression = ast.parse('open("a.b", "r", "utf-8")').body[0]
    assert isinstance(expression, ast.Expr)
    assert isinstance(expression.value, ast.Call)
    assert messages.read_refusal(expression.value) is None
