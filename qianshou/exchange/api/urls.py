"""The interface with all its calls, as one address."""

from qianshou.exchange.api import figures, matters, tasks
from qianshou.exchange.api.calling import api

__all__ = ["api"]

for router in (tasks.router, matters.router, figures.router):
    api.add_router("", router)
