"""A file handed to a browser: as a download, or to look at."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import SUFFIXES, XLSX, read_document

FILE_POLICY = "default-src 'none'; sandbox"


def file_response(content: bytes, name: str, media_type: str = XLSX) -> HttpResponse:
    """Return bytes as a download under a name; a workbook unless another media type is said."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(content, content_type=media_type, headers=headers)


def give_file(document: Document, name: str) -> HttpResponse:
    """Return a stored file as an attachment under its own kind of name; refuses what
    `read_document` refuses.
    """
    suffix = SUFFIXES.get(document.media_type, "")
    if not name.lower().endswith(suffix):
        name = f"{name.rpartition('.')[0] or name}{suffix}"
    headers = {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Content-Security-Policy": FILE_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600" if document.person_id is None else "no-store",
    }
    return HttpResponse(read_document(document), content_type=document.media_type, headers=headers)
