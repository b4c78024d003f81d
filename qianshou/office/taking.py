"""Taking in the files that a form sends: kept by digest, with the names they came under."""

from datetime import datetime

from django.http import HttpRequest

from qianshou.kernel.documents.store import keep_file_about
from qianshou.kernel.refusal import Refusal

MOST = 10


def take_files(
    request: HttpRequest, field: str, at: datetime, *, person: int | None = None
) -> tuple[tuple[str, str], ...]:
    """Return digest and name of each file of a form's field, ten at most; sealed for `person`.

    Refuses document.none when there is none, and what keep_file refuses, with the file's name.
    """
    files = request.FILES.getlist(field)[:MOST]
    if not files:
        raise Refusal("document.none", "请选择文件", "Please choose a file", field)
    kept = []
    for file in files:
        try:
            kept.append((keep_file_about(person, file, at=at).digest, (file.name or "")[:120]))
        except Refusal as refusal:
            raise Refusal(
                refusal.code,
                f"{file.name}：{refusal.zh}",
                f"{file.name}: {refusal.en}",
                field,
            ) from None
    return tuple(kept)
