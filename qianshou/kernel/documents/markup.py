"""The markup of Word and Excel files: fields and formulas that start a program or reach outside.

It is parsed as it is read by Office, so that neither character data, comments nor entities hide a
word; as a stream, so that a large part takes no memory; and only where the names of what is looked
for stand in it, for a name cannot be written in another way. Sources: ECMA-376-1, 17.16.5 (fields) and
18.17 (formulas).
"""

import re
from typing import Any

from lxml import etree

from qianshou.kernel.refusal import Refusal

CHUNK = 1 << 16
INSTRUCTIONS = {"instrText", "delInstrText"}
FORMULAS = {
    "f", "formula", "formula1", "formula2", "oldFormula", "definedName", "fmla",
    "calculatedColumnFormula", "totalsRowFormula",
}  # fmt: skip
NO_FORMULAS = ("/math", "vml", "drawingml")  # where an <f> is something else
QUOTED = re.compile(r'"[^"\n]*"')
BRACKETED = re.compile(r"\[[^\[\]]*\]")
RUNS = re.compile(r"\bDDE(?:AUTO)?\b|\bQUOTE\s+\d", re.IGNORECASE)
FETCHES = re.compile(r"\bINCLUDE(?:TEXT|PICTURE)\b", re.IGNORECASE)
LINKS = re.compile(r"\b(?:LINK|IMPORT|INCLUDE|DATABASE)\b", re.IGNORECASE)
CALLS = re.compile(r"\b(?:WEBSERVICE|IMAGE|RTD|CALL|REGISTER(?:\.ID)?|EXEC)\s*\(", re.IGNORECASE)
ABSOLUTE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|[\\/]{2})", re.IGNORECASE)
OUTWARD = {"mailMerge", "webPr", "dbPr", "oleLink"}
NAMED = re.compile(
    rb"instr|ormula|definedName|fmla|altChunk|ddeLink|mailMerge|webPr|dbPr|oleLink"
    rb"|[<:]f[\s/>]|\bsrc\s*="
)


def look_at_markup(part: bytes, *, lenient: bool = False) -> None:
    """Let a part pass whose fields and formulas only tell; `lenient` where Office itself writes
    what is not well formed (VML).

    Refuses document.dde, document.link and document.embedded; raises etree.XMLSyntaxError.
    """
    if not NAMED.search(part):
        return
    reader: Any = _Reader()  # the stubs ask for more than lxml does
    parser = etree.XMLParser(
        target=reader, resolve_entities=False, no_network=True, load_dtd=False, recover=lenient
    )
    for begins in range(0, len(part), CHUNK):
        parser.feed(part[begins : begins + CHUNK])
    parser.close()


class _Reader:
    """What the parser tells as it goes; gathers instructions of fields, looks at each formula."""

    def __init__(self) -> None:
        self.instructions: list[str] = []
        self.formula: list[str] | None = None
        self.gathers = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _brace, name = tag.rpartition("}")
        if name == "altChunk":
            raise embedded()
        if name == "ddeLink":
            raise _starts_program()
        if name in OUTWARD:
            raise link()
        if name in INSTRUCTIONS:
            self.gathers = True
        elif name == "fldChar":
            self.instructions.append("\n")
        elif name in FORMULAS and not any(other in space for other in NO_FORMULAS):
            self.formula = []
        for key, value in attributes.items():
            local = key.rpartition("}")[2]
            if local == "instr":
                _check_instructions(value)
            elif local == "src" and ABSOLUTE.match(value):
                raise link()

    def data(self, text: str) -> None:
        if self.gathers:
            self.instructions.append(text)
        elif self.formula is not None:
            self.formula.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if name in INSTRUCTIONS:
            self.gathers = False
        elif self.formula is not None and name in FORMULAS:
            _check_formula("".join(self.formula))
            self.formula = None

    def close(self) -> None:
        told = "".join(self.instructions)
        _check_instructions(told)
        _check_instructions(told.replace("\n", ""))  # a name put together by fields within


def _check_instructions(text: str) -> None:
    if RUNS.search(text):
        raise _starts_program()
    if FETCHES.search(text) or LINKS.search(QUOTED.sub('""', text)):
        raise link()


def _check_formula(text: str) -> None:
    """Outside quotes and names of columns a bar is what DDE alone has: program|topic!item."""
    bare = QUOTED.sub('""', text)
    if "|" in BRACKETED.sub("[]", bare):
        raise _starts_program()
    if CALLS.search(bare):
        raise link()


def embedded() -> Refusal:
    """Return the refusal of a file in which another object lies."""
    return Refusal(
        "document.embedded",
        "文件里嵌有别的对象（OLE），请删去后再上传",
        "Another object (OLE) is embedded in the file; take it out and upload it again",
        "document",
    )


def link() -> Refusal:
    """Return the refusal of a file that draws on what lies elsewhere."""
    return Refusal(
        "document.link",
        "文件引用了外部文件、数据或模板，请断开链接后再上传",
        "The file refers to other files, data or templates; break its links and upload it again",
        "document",
    )


def _starts_program() -> Refusal:
    return Refusal(
        "document.dde",
        "文件里有会启动其他程序的域或公式（DDE），请删去后再上传",
        "The file has a field or formula that starts other programs (DDE); take it out and upload "
        "it again",
        "document",
    )
