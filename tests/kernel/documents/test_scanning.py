"""What a file of an allowed kind may hide is found, and each has a refusal of its own."""

import io
import socket
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document as Word
from openpyxl import Workbook
from PIL import Image

from qianshou import doctor
from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import keep_file, look_through, path_of
from qianshou.kernel.refusal import Refusal

REL = '<Relationship Id="x" Type="http://schemas.openxmlformats.org/officeDocument/2006/{}"'
RUNNING, PLAIN = b"1 0 << /S /JavaScript /JS (x) >>", b"1 0 << /Type /Catalog >>"
OBJECTS = b"/Type /ObjStm /N 1 /First 4 "
BEGIN = '<w:fldChar w:fldCharType="begin"/>'
MACRO_KIND = b'<Types><Override ContentType="a.macro&#69;nabled.main+xml"/></Types>'
EMPTY = b"PK\x05\x06" + b"\0" * 18
VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}"


class Upload(io.BytesIO):
    """Bytes with the name under which a browser sends them."""

    def __init__(self, raw: bytes, name: str) -> None:
        super().__init__(raw)
        self.name = name


def word() -> bytes:
    document, out = Word(), io.BytesIO()
    document.add_paragraph("情况说明")
    document.save(out)
    return out.getvalue()


def excel(formula: str = "=SUM(A1:A2)") -> bytes:
    book, out = Workbook(), io.BytesIO()
    book.worksheets[0].append([1, 2, formula])
    book.save(out)
    return out.getvalue()


def pdf(*more: bytes) -> bytes:
    """Return a real PDF of one picture; `more` objects stand before its end."""
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "teal").save(out, "PDF")
    raw = out.getvalue()
    place = raw.rindex(b"xref")
    return raw[:place] + b"\n".join(more) + b"\n" + raw[place:]


def packed(objects: bytes, names: bytes = b"/Type /ObjStm /Filter /FlateDecode") -> bytes:
    body = zlib.compress(objects)
    head = b"90 0 obj\n<< " + names + b" /Length %d >>\n" % len(body)
    return head + b"stream\r\n" + body + b"\r\nendstream\nendobj"


def with_part(raw: bytes, name: str, content: bytes, *, instead: bool = False) -> bytes:
    """Return the archive with one more part, or one replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if not (instead and part.filename == name):
                new.writestr(part.filename, old.read(part))
        new.writestr(name, content)
    return out.getvalue()


def with_relation(kind: str, rest: str) -> bytes:
    relation = f"{REL.format('relationships/' + kind)} {rest}/>"
    return with_part(
        word(), "word/_rels/header9.xml.rels", f"<Relationships>{relation}</Relationships>".encode()
    )


def with_text(markup: str) -> bytes:
    body = f'<w:hdr xmlns:w="urn:w"><w:p>{markup}</w:p></w:hdr>'
    return with_part(word(), "word/header9.xml", body.encode())


def with_formula(markup: str) -> bytes:
    sheet = f'<worksheet xmlns="urn:spreadsheetml"><c><f>{markup}</f></c></worksheet>'
    return with_part(excel(), "xl/worksheets/sheet9.xml", sheet.encode())


@pytest.fixture
def refused(db: None, at: datetime) -> Callable[[bytes, str], str]:
    """Return what tells the code with which a file is refused, and that nothing was kept."""

    def code(raw: bytes, name: str) -> str:
        with pytest.raises(Refusal) as told:
            keep_file(Upload(raw, name), at=at)
        assert told.value.field == "document"
        assert Document.objects.count() == 0
        return told.value.code

    return code


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (word, "a.docx"),
        (excel, "A.XLSX"),
        (pdf, "a.pdf"),
        (lambda: with_relation("hyperlink", 'Target="https://cq.gov.cn" TargetMode="External"'), "a.docx"),
        (lambda: with_part(word(), "word/embeddings/chart.xlsx", excel()), "a.docx"),
        (lambda: with_text("<w:instrText>PAGE \\* MERGEFORMAT</w:instrText>"), "a.docx"),
        (lambda: excel('=IF(A1="a|b",1,2)'), "a.xlsx"),
        (lambda: excel("=SUM(表1[a|b])"), "a.xlsx"),
        (lambda: with_text('<w:instrText>HYPERLINK "https://a/link"</w:instrText>'), "a.docx"),
        (lambda: with_part(excel(), "xl/drawings/vmlDrawing1.vml", b"<xml src=''><br></xml>"), "a.xlsx"),
        (lambda: with_relation("package", 'Target="../embeddings/a.xlsx"'), "a.docx"),
        (lambda: pdf(packed(b"1 0 << /Type /Catalog >>")), "a.pdf"),
        (lambda: pdf(packed(PLAIN, OBJECTS + b"/Filter [/FlateDecode] /X (a\\) (b) <<)")), "a.pdf"),
        (lambda: pdf(b"9 0 obj << /Type /Font /N 1 >> endobj % a mountain stream\n"), "a.pdf"),
    ],
)  # fmt: skip
def test_an_honest_file_is_kept(
    db: None, at: datetime, make: Callable[[], bytes], name: str
) -> None:
    raw = make()
    kept = keep_file(Upload(raw, name), at=at)
    assert path_of(kept.digest).read_bytes() == raw


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: with_part(word(), "word/vbaProject.bin", b"x"), "macro"),
        (lambda: with_part(word(), "word/activeX/activeX1.xml", b"<a/>"), "macro"),
        (lambda: with_part(excel(), "xl/macrosheets/sheet1.xml", b"<a/>"), "macro"),
        (
            lambda: with_part(
                word(), "[Content_Types].xml", MACRO_KIND, instead=True
            ),
            "macro",
        ),
        (lambda: with_part(word(), "word/embeddings/oleObject1.bin", b"x"), "embedded"),
        (lambda: with_relation("oleObject", 'Target="a.bin"'), "embedded"),
        (
            lambda: with_part(
                word(), "word/embeddings/a.docx", with_part(word(), "word/embeddings/b.xlsx", excel())
            ),
            "embedded",
        ),
        (lambda: with_relation("image", 'Target="http://x/a.png" TargetMode="External"'), "link"),
        (lambda: with_relation("hyperlink", 'Target="file://x/a" TargetMode="External"'), "link"),
        (lambda: with_relation("attachedTemplate", 'Target="a.dotm"'), "link"),
        (
            lambda: with_text(
                "<w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\\\cmd</w:instrText>"
            ),
            "dde",
        ),
        (lambda: with_text('<w:fldSimple w:instr="&#68;DE cmd"/>'), "dde"),
        (lambda: excel("=cmd|'/C calc'!A0"), "dde"),
        (lambda: with_part(word(), "word/a.xml", b"0" * (3 << 20)), "bomb"),
        (lambda: with_text("<w:instrText><![CDATA[DDEAUTO c:\\x]]></w:instrText>"), "dde"),
        (lambda: with_text("<w:instrText>DD<!-- -->EAUTO c:\\x</w:instrText>"), "dde"),
        (lambda: with_text("<w:instrText>DD<?a b?>E x</w:instrText>"), "dde"),
        (lambda: with_text(f"{BEGIN}<w:instrText>DD</w:instrText>{BEGIN}<w:instrText>E x</w:instrText>"), "dde"),
        (lambda: with_text("<w:instrText> QUOTE 68 68 69</w:instrText>"), "dde"),
        (lambda: with_text("<w:instrText>INCLUDEPICTURE \\\\host\\x</w:instrText>"), "link"),
        (lambda: with_text('<w:fldSimple w:instr="LINK Excel.Sheet c:\\x"/>'), "link"),
        (lambda: with_text('<v:imagedata xmlns:v="urn:v" src="\\\\host\\x"/>'), "link"),
        (lambda: with_text("<w:mailMerge/>"), "link"),
        (lambda: with_text('<w:altChunk r="1"/>'), "embedded"),
        (lambda: with_relation("aFChunk", 'Target="a.rtf"'), "embedded"),
        (lambda: with_relation("package", 'Target="media/a.png"'), "embedded"),
        (lambda: with_relation("package", 'Target="embeddings/%2e%2e/a.xlsx"'), "embedded"),
        (lambda: with_relation("vbaProject", 'Target="m.dat"'), "macro"),
        (lambda: with_relation("webextension", 'Target="a.xml"'), "macro"),
        (lambda: with_relation("gossip", 'Target="a.xml"'), "part"),
        (lambda: with_part(word(), "word/m.dat", b"MZ"), "part"),
        (lambda: with_part(word(), "word/media/m.bin", b"\xd0\xcf\x11\xe0x"), "embedded"),
        (lambda: with_part(word(), "word/media/a.png", b" <w:document/>"), "broken"),
        (lambda: with_part(word(), "word/a.xml", b"<a><f></a>"), "broken"),
        (lambda: with_part(excel(), "xl/connections.xml", b"<connections/>"), "link"),
        (lambda: with_formula("<![CDATA[cmd|'/c calc'!A0]]>"), "dde"),
        (lambda: with_formula("SUM(1,cmd<!-- -->|'/c calc'!A0)"), "dde"),
        (lambda: with_formula('_xlfn.WEBSERVICE("http://a")'), "link"),
        (lambda: word() + b"<script>", "mixed"),
        (lambda: with_part(word(), "word/a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), "broken"),
        (lambda: with_part(word(), "word/a.xml", "<a>DDE</a>".encode("utf-16")), "broken"),
        (lambda: with_part(word(), "../a.xml", b"<a/>"), "broken"),
    ],
)  # fmt: skip
def test_an_office_file_that_does_more_than_be_read_is_refused(
    refused: Callable[[bytes, str], str], make: Callable[[], bytes], code: str
) -> None:
    raw = make()
    name = "a.xlsx" if b"xl/workbook.xml" in raw and b"word/" not in raw else "a.docx"
    assert refused(raw, name) == f"document.{code}"


def test_an_archive_of_very_many_parts_is_refused(refused: Callable[[bytes, str], str]) -> None:
    out = io.BytesIO(word())
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(1001):
            archive.writestr(f"word/{number}.txt", b"")
    assert refused(out.getvalue(), "a.docx") == "document.bomb"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: pdf(b"9 0 obj << /S /JavaScript /JS (app.alert) >> endobj"), "script"),
        (lambda: pdf(b"9 0 obj << /S /J#61vaScript >> endobj"), "script"),
        (lambda: pdf(b"9 0 obj << /S /Launch /F (cmd.exe) >> endobj"), "script"),
        (lambda: pdf(packed(b"1 0 << /S /JavaScript /JS (x) >>")), "script"),
        (
            lambda: pdf(
                packed(b"1 0 << /S /Launch >>", b"/Type /Obj#53tm /Filter /FlateDecode")
            ),
            "script",
        ),
        (lambda: pdf(b"9 0 obj << /Type /EmbeddedFile >> endobj"), "attached"),
        (lambda: pdf(b"9 0 obj << /Encrypt 8 0 R >> endobj"), "encrypted"),
        (lambda: pdf(b"9 0 obj << /Type /ObjStm >>\nstream\nnothing\nendstream"), "broken"),
        (lambda: pdf(packed(b"\0" * (51 << 20))), "broken"),
        (lambda: pdf(b"9 0 obj << /S /GoToR /F (x.pdf) >> endobj"), "script"),
        (lambda: pdf(packed(RUNNING, b"/N 1 /F#69rst 4 /Filter /FlateDecode")), "script"),
        (lambda: pdf(packed(RUNNING, b"/First 4 /Filter [/FlateDecode] /A (9 0 R) % x\n")), "script"),
        (lambda: pdf(packed(RUNNING, OBJECTS + b"/Filter [/FlateDecode /FlateDecode]")), "broken"),
        (lambda: pdf(packed(RUNNING, OBJECTS + b"/Filter [/FlateDecode/ASCIIHexDecode]")), "broken"),
        (
            lambda: pdf(
                packed(RUNNING, OBJECTS + b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>")
            ),
            "broken",
        ),
        (lambda: pdf(packed(RUNNING, OBJECTS + b"/Filter 8 0 R")), "broken"),
        (lambda: pdf(packed(RUNNING, OBJECTS + b"/Filter /FlateDecode /Filter /Fl")), "broken"),
        (lambda: pdf(packed(RUNNING, OBJECTS + b"/A (\n8 0 obj << %)\n /Filter /Fl")), "broken"),
        (lambda: pdf(packed(RUNNING, OBJECTS + b"/A <zz>")), "broken"),
        (lambda: pdf(packed(RUNNING, OBJECTS + b"/A [ >>")), "broken"),
        (lambda: pdf(packed(RUNNING, OBJECTS).replace(b"0 obj", b"0%\nobj")), "broken"),
        (lambda: pdf(b"9 0%\nobj << /First 4 >> %\nstream\nx"), "broken"),
        (lambda: pdf(b"8 0 obj % 9 0 obj\n << >> endobj"), "broken"),
        (lambda: pdf()[:-8], "broken"),
        (lambda: b"%PDF-1.4 <script>alert(1)</script>" + pdf(), "mixed"),
        (lambda: pdf() + with_part(EMPTY, "a.txt", b"x"), "mixed"),
    ],
)  # fmt: skip
def test_a_pdf_that_does_more_than_be_read_is_refused(
    refused: Callable[[bytes, str], str], make: Callable[[], bytes], code: str
) -> None:
    assert refused(make(), "a.pdf") == f"document.{code}"


@pytest.mark.parametrize("name", ["a.exe", "a.pdf.docx.html", "a", "a.pdf", ".docx.js"])
def test_a_name_that_says_another_kind_is_refused(
    refused: Callable[[bytes, str], str], name: str
) -> None:
    assert refused(word(), name) == "document.extension"


def test_a_picture_may_be_named_as_any_picture(db: None, at: datetime) -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "PNG")
    assert keep_file(Upload(out.getvalue(), "微信图片.JPG"), at=at).media_type == "image/jpeg"


# ClamAV


def answer(line: socket.socket) -> None:
    """Speak clamd's side of one command: INSTREAM or PING."""
    with line, line.makefile("rb") as told:
        command = told.read(6)
        if command == b"zPING\0":
            line.sendall(b"PONG\0")
            return
        assert command + told.read(4) == b"zINSTREAM\0"
        body = b""
        while size := struct.unpack("!I", told.read(4))[0]:
            body += told.read(size)
        found = VIRUS in body
        line.sendall(b"stream: Eicar-Test-Signature FOUND\0" if found else b"stream: OK\0")


@pytest.fixture
def scanner(tmp_path: Path, settings: Any) -> Iterator[str]:
    """Return the socket of a daemon that speaks as clamd does."""
    settings.CLAMAV = str(tmp_path / "clamd.ctl")
    with socket.socket(socket.AF_UNIX) as heard:
        heard.bind(settings.CLAMAV)
        heard.listen()

        def serve() -> None:
            try:
                while True:
                    answer(heard.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield settings.CLAMAV
        heard.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_virus_is_refused_and_a_clean_file_kept(
    scanner: str, refused: Callable[[bytes, str], str], at: datetime
) -> None:
    stored = io.BytesIO(word())
    with zipfile.ZipFile(stored, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("word/media/a.txt", VIRUS)
    assert refused(stored.getvalue(), "a.docx") == "document.virus"
    assert keep_file(Upload(word(), "a.docx"), at=at).size


@pytest.mark.parametrize("missing", ["/nowhere/clamd.ctl", "127.0.0.1:1"])
def test_a_scanner_that_does_not_answer_lets_nothing_in_and_the_doctor_says_so(
    refused: Callable[[bytes, str], str],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
) -> None:
    assert list(doctor.look_at_scanner()) == []
    settings.CLAMAV = missing
    monkeypatch.setattr("qianshou.settings.CLAMAV", missing)
    assert refused(word(), "a.docx") == "document.unscanned"
    (finding,) = doctor.look_at_scanner()
    assert not finding.well


def test_the_doctor_hears_a_scanner_that_answers(
    scanner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qianshou.settings.CLAMAV", scanner)
    assert [finding.well for finding in doctor.look_at_scanner()] == [True]


def test_what_is_read_and_not_kept_is_looked_through_too(
    db: None, settings: Any, scanner: str
) -> None:
    look_through(Upload(excel(), "a.xlsx"))
    look_through(Upload("姓名,电话\n".encode(), "a.csv"))
    old = b"\xd0\xcf\x11\xe0" + "_VBA_PROJECT".encode("utf-16-le")
    for raw, code in (
        (old, "macro"),
        (with_part(excel(), "xl/vbaProject.bin", b"x"), "macro"),
        (pdf(b"9 0 obj << /S /Launch >> endobj"), "script"),
        (VIRUS, "virus"),
    ):
        with pytest.raises(Refusal) as refused:
            look_through(Upload(raw, "a"))
        assert refused.value.code == f"document.{code}"
