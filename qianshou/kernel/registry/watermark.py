"""A watermark over a sheet: the same light words again and again, from the first row to the last.

The words float as text boxes over the cells, on the screen and on paper; openpyxl writes none, so
the parts are added to the workbook that it wrote (ECMA-376, part 1, 20.5).
"""

import io
import zipfile
from xml.sax.saxutils import escape

from qianshou.kernel.registry.sheets import UNWRITABLE

SHEET, RELATIONS = "xl/worksheets/sheet1.xml", "xl/worksheets/_rels/sheet1.xml.rels"
DRAWING, CONTENTS = "xl/drawings/drawing1.xml", "[Content_Types].xml"
OFFICE = "http://schemas.openxmlformats.org"
LINKS = f"{OFFICE}/officeDocument/2006/relationships"
EVERY, FIRST = 9, 2  # rows between two of them, and before the first
WIDE, HIGH = 9_000_000, 1_000_000  # in units of 1/914,400 inch
LEANING = 900_000  # of 60,000 a degree


def watermark(workbook: bytes, words: str, rows: int) -> bytes:
    """Return a workbook of `write_sheet` with `words` over its first sheet, all along `rows` rows."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[SHEET] = _before_end(
        parts[SHEET], f'<drawing xmlns:r="{LINKS}" r:id="rId1"/>', "worksheet"
    )
    parts[CONTENTS] = _before_end(
        parts[CONTENTS],
        f'<Override PartName="/{DRAWING}" '
        'ContentType="application/vnd.openxmlformats-officedocument.drawing+xml"/>',
        "Types",
    )
    parts[RELATIONS] = (
        f'<Relationships xmlns="{OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{LINKS}/drawing" Target="/{DRAWING}"/></Relationships>'
    ).encode()
    boxes = "".join(
        _box(number, row, words)
        for number, row in enumerate(range(FIRST, max(rows, FIRST + 1), EVERY), 1)
    )
    parts[DRAWING] = (
        f'<xdr:wsDr xmlns:xdr="{OFFICE}/drawingml/2006/spreadsheetDrawing" '
        f'xmlns:a="{OFFICE}/drawingml/2006/main">{boxes}</xdr:wsDr>'
    ).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def _before_end(part: bytes, added: str, element: str) -> bytes:
    end = f"</{element}>".encode()
    assert part.endswith(end)
    return part.removesuffix(end) + added.encode() + end


def _box(number: int, row: int, words: str) -> str:
    text = escape(UNWRITABLE.sub("", words))
    return (
        "<xdr:oneCellAnchor><xdr:from><xdr:col>0</xdr:col><xdr:colOff>0</xdr:colOff>"
        f"<xdr:row>{row}</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from>"
        f'<xdr:ext cx="{WIDE}" cy="{HIGH}"/><xdr:sp macro="" textlink=""><xdr:nvSpPr>'
        f'<xdr:cNvPr id="{number + 1}" name="watermark {number}"/><xdr:cNvSpPr txBox="1"/>'
        f'</xdr:nvSpPr><xdr:spPr><a:xfrm rot="-{LEANING}"><a:off x="0" y="0"/>'
        f'<a:ext cx="{WIDE}" cy="{HIGH}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        "<a:noFill/><a:ln><a:noFill/></a:ln></xdr:spPr>"
        '<xdr:txBody><a:bodyPr wrap="square" anchor="ctr"/><a:lstStyle/><a:p><a:pPr algn="ctr"/>'
        '<a:r><a:rPr lang="zh-CN" sz="1400"><a:solidFill><a:srgbClr val="808080">'
        '<a:alpha val="35000"/></a:srgbClr></a:solidFill></a:rPr>'
        f"<a:t>{text}</a:t></a:r></a:p></xdr:txBody></xdr:sp><xdr:clientData/></xdr:oneCellAnchor>"
    )
