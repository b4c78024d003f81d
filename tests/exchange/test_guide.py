"""The examples of docs/guide/open-doors.md, run as they stand."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qianshou.exchange.hooks import sign
from qianshou.kernel.worklist.models import Matter
from tests.exchange.conftest import Program
from tests.office.calls import village_of

PAGE = (Path(__file__).resolve().parents[2] / "docs/guide/open-doors.md").read_text("utf-8")


def examples(kind: str) -> str:
    """Return every example of one kind, one below the other."""
    return "\n".join(re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_every_call_of_the_guide_does_what_it_says(
    served: str, program: Callable[..., Program]
) -> None:
    given = {"HOST": served, "TOKEN": program("zhang_min").secret, "VILLAGE": village_of()}
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", examples("sh")],
        env={"PATH": os.environ["PATH"], "no_proxy": "*", **given},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    told = done.stdout.decode()
    for word in (
        "GeoReport_v2",
        "service_notice",
        "agency_responsible",
        '"closed": false',
        "trace",
    ):
        assert word in told
    lit, loud = Matter.objects.order_by("pk")
    assert (lit.title, loud.title) == ("路灯不亮", "夜间施工噪声扰民")
    assert loud.level == "normal"


def test_the_guides_way_to_check_a_signature_is_right() -> None:
    found: dict[str, Any] = {}
    exec(examples("python"), found)
    body = b'{"number": "LD-1"}'
    headers = {
        "X-Qianshou-Timestamp": "1000",
        "X-Qianshou-Signature": sign("secret", "1000", body),
    }
    assert found["is_genuine"]("secret", headers, body, 1200.0)
    assert not found["is_genuine"]("secret", headers, body, 1301.0)
    assert not found["is_genuine"]("secret", headers, body + b" ", 1000.0)
    assert not found["is_genuine"]("other", headers, body, 1000.0)
