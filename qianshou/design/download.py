"""A file handed to a browser: as a download, or to look at."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from qianshou.kernel.documents.store import XLSX


def file_response(content: bytes, name: str, media_type: str = XLSX) -> HttpResponse:
    """Return bytes as a download under a name; a workbook unless another media type is said."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(content, content_type=media_type, headers=headers)
