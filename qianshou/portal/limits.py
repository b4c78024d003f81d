"""How often a resident may ask: by address, or by receipt."""

from datetime import timedelta

from qianshou.kernel.limits.counting import Limit

REPORTS = Limit("report", 10, timedelta(hours=1))
GUESSES = Limit("guess", 10, timedelta(minutes=10))
REMARKS = Limit("remark", 6, timedelta(hours=1))
