"""Our names keep to the glossary: words that say nothing, or the wrong thing, stay out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BANNED_TEXT = """
    case instance workflow process flow event log user department job item data info object
    manager service handler helper util common misc base core status type
"""
BANNED = frozenset(re.findall(r"\w+", BANNED_TEXT))
# BPMN, DMN, FEEL and OCEL speak of flows, events, items, objects and types: their vocabulary.
STANDARDS = {
    "bpmn.py", "dmn.py", "compiled.py", "drawing.py", "elements.py", "ocel.py", "sketch.py",
    "soundness.py",
}  # fmt: skip
# Names that a framework or the command line prescribes.
ALLOWED = {
    "OfficerManager",
    "_clean_object",
    "create_model_instance",
    "create_user",
    "data",  # what lxml calls with text
    "log_message",
    "run_users",
    "content_type",
    "media_type",
    "objects",
    "get_user",
    "process_request",
    "process_response",
}
WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def words_of(name: str) -> set[str]:
    """Return the words of a snake_case or CamelCase name, also without a plural s."""
    words = {word.lower() for word in WORD.findall(name)}
    return words | {word.removesuffix("s") for word in words}


def names_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the module's own name, and every class, function and field that it defines."""
    yield 1, path.parent.name if path.stem == "__init__" else path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not is_sentence(node.name):
            yield node.lineno, node.name
        if isinstance(node, ast.ClassDef):
            yield from fields_of(node)


def is_sentence(name: str) -> bool:
    """Whether a name is a test's: those are sentences, and may say what they like."""
    return name.startswith("test_")


def fields_of(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    """Yield the fields that a class declares."""
    for statement in node.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        elif isinstance(statement, ast.Assign):
            targets = statement.targets
        for target in targets:
            if isinstance(target, ast.Name):
                yield statement.lineno, target.id


def our_files() -> list[Path]:
    files = [*ROOT.glob("qianshou/**/*.py"), *ROOT.glob("tests/**/*.py")]
    return sorted(
        path
        for path in files
        if path.name not in STANDARDS and not {"migrations", "feel"} & set(path.parts)
    )


def test_no_name_of_ours_uses_a_banned_word() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name} ({', '.join(sorted(words_of(name) & BANNED))})"
        for path in our_files()
        for line, name in names_in(path)
        if words_of(name) & BANNED and name not in ALLOWED
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("find_user_by_name", {"user"}),
        ("EventLog", {"event", "log"}),
        ("login_view", set()),
        ("HTMLHandler", {"handler"}),
        ("database", set()),
        ("items", {"item"}),
    ],
)
def test_words_are_compared_whole(name: str, words: set[str]) -> None:
    assert words_of(name) & BANNED == words
