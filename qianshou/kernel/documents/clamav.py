"""ClamAV, where the district runs it: files are sent to its daemon before they are kept.

The protocol is clamd's own (man clamd, INSTREAM): chunks with their length before them. Where a
scanner is set and does not answer, nothing is taken in.
"""

import socket
import struct
from contextlib import closing

from django.conf import settings

from qianshou.kernel.refusal import Refusal

CHUNK = 1 << 16
SECONDS = 20.0


def ask_scanner(raw: bytes) -> None:
    """Let a file pass that the scanner finds clean; any does where none is set.

    Refuses document.virus, and document.unscanned where the scanner does not answer.
    """
    if not settings.CLAMAV:
        return
    chunks = [raw[start : start + CHUNK] for start in range(0, len(raw), CHUNK)]
    body = b"".join(struct.pack("!I", len(chunk)) + chunk for chunk in chunks)
    answer = _talk(b"zINSTREAM\0" + body + struct.pack("!I", 0))
    if answer.endswith("FOUND"):
        name = answer.removeprefix("stream: ").removesuffix(" FOUND")
        raise Refusal(
            "document.virus",
            f"文件带有病毒（{name}），没有接收",
            f"The file holds a virus ({name}) and was not taken",
            "document",
        )
    if not answer.endswith("OK"):
        raise _unscanned()


def scanner_answers() -> bool:
    """Whether the scanner that is set answers a PING."""
    try:
        return _talk(b"zPING\0") == "PONG"
    except Refusal:
        return False


def _talk(message: bytes) -> str:
    """Send one command and return the answer; refuses document.unscanned."""
    host, _, port = settings.CLAMAV.rpartition(":")
    try:
        with closing(_connect(host, port)) as line:
            line.sendall(message)
            answer = b""
            while not answer.endswith(b"\0") and (more := line.recv(4096)):
                answer += more
    except OSError:
        raise _unscanned() from None
    return answer.rstrip(b"\0").decode("utf-8", "replace")


def _connect(host: str, port: str) -> socket.socket:
    if port.isdigit():
        return socket.create_connection((host.strip("[]"), int(port)), SECONDS)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(SECONDS)
    try:
        line.connect(settings.CLAMAV)
    except OSError:
        line.close()
        raise
    return line


def _unscanned() -> Refusal:
    return Refusal(
        "document.unscanned",
        "杀毒程序没有应答，暂时不能接收文件，请稍后再传",
        "The virus scanner does not answer, so no file is taken for now; please try again later",
        "document",
    )
