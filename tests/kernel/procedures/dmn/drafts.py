"""Files of decisions, put together from their elements."""

from typing import Any

from qianshou.kernel.procedures.dmn import load_dmn

SPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def definitions(*elements: str, namespace: str = "main", space: str = SPACE) -> bytes:
    """Return a file of the given elements."""
    head = f'<definitions xmlns="{space}" id="d" name="d" namespace="{namespace}">'
    return f"{head}{''.join(elements)}</definitions>".encode()


def literal(text: str) -> str:
    """Return a literal expression."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"<literalExpression><text>{escaped}</text></literalExpression>"


def decision(name: str, logic: str, *required: str, kind: str = "") -> str:
    """Return a decision; `required` are ids of inputs ("i:"), decisions ("d:"), knowledge ("k:")."""
    told = f' typeRef="{kind}"' if kind else ""
    return (
        f'<decision id="{name}" name="{name}"><variable name="{name}"{told}/>'
        + "".join(requirement(one) for one in required)
        + f"{logic}</decision>"
    )


def requirement(told: str) -> str:
    """Return a requirement of "i:id", "d:id", "k:id" or, in an import, "k:namespace#id"."""
    sort, _, key = told.partition(":")
    href = key if "#" in key else f"#{key}"
    if sort == "k":
        return f'<knowledgeRequirement><requiredKnowledge href="{href}"/></knowledgeRequirement>'
    part = "requiredInput" if sort == "i" else "requiredDecision"
    return f'<informationRequirement><{part} href="{href}"/></informationRequirement>'


def given(name: str, kind: str = "") -> str:
    """Return input data."""
    told = f' typeRef="{kind}"' if kind else ""
    return f'<inputData id="{name}" name="{name}"><variable name="{name}"{told}/></inputData>'


def knowledge(name: str, parameters: dict[str, str], logic: str, *required: str) -> str:
    """Return a business knowledge model."""
    told = "".join(
        f'<formalParameter name="{one}"' + (f' typeRef="{kind}"/>' if kind else "/>")
        for one, kind in parameters.items()
    )
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"/>'
        f"<encapsulatedLogic>{told}{logic}</encapsulatedLogic>"
        + "".join(requirement(one) for one in required)
        + "</businessKnowledgeModel>"
    )


def decide(raw: bytes, name: str, **facts: Any) -> Any:
    """Return what a decision gives."""
    return load_dmn(raw, "t.dmn").decide(name, facts)
