"""Rosters as people really send them: read whole or refused row by row, written to fill in."""

from qianshou.packs.commission.care.roster.findings import Roster, RosterRow, RowError
from qianshou.packs.commission.care.roster.reading import read_roster
from qianshou.packs.commission.care.roster.writing import write_roster_template, write_row_errors

__all__ = [
    "Roster", "RosterRow", "RowError", "read_roster", "write_roster_template", "write_row_errors",
]  # fmt: skip
