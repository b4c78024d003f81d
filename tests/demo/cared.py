"""The whole demonstration of care, which takes long to build, for the modules that look at it."""

from dataclasses import replace
from datetime import datetime

from qianshou.demo.care import build_care
from qianshou.demo.children import Girl
from qianshou.demo.district import build_district
from qianshou.kernel.clock import CHINA
from qianshou.kernel.installing import install_packs
from qianshou.kernel.registry.workdays import forget_calendar
from tests.keeping import built_once

AT = datetime(2026, 11, 24, 9, 0, tzinfo=CHINA)
BUILT: list[Girl] = []


def put_girls() -> list[Girl]:
    """Put the demonstration of care into the tables, built once a process; return its girls."""

    def build() -> None:
        install_packs(AT)
        build_district(AT, 1)
        forget_calendar()
        BUILT[:] = build_care(AT, 1, lambda zh, en: None)

    built_once("care", build)
    forget_calendar()
    return [replace(girl) for girl in BUILT]
