"""The cross-check of any two files: lists read as they are, decisions and a report written."""

from qianshou.packs.commission.care.lists.checking import Checked, Request, check_files
from qianshou.packs.commission.care.lists.options import parse_sheets, parse_sided
from qianshou.packs.commission.care.lists.telling import preview_files, summarise

__all__ = [
    "Checked", "Request", "check_files", "parse_sheets", "parse_sided", "preview_files", "summarise",
]  # fmt: skip
