"""How often a resident, or a program for residents, may ask: by address, receipt or key."""

from datetime import timedelta

from qianshou.kernel.limits.counting import Limit

REPORTS = Limit("report", 10, timedelta(hours=1))
GUESSES = Limit("guess", 10, timedelta(minutes=10))
CALLS = Limit("open311", 300, timedelta(minutes=10))
REPORTS_PASSED_ON = Limit("open311-key", 200, timedelta(hours=1))
REMARKS = Limit("remark", 6, timedelta(hours=1))
