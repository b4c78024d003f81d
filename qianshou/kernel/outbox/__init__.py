"""Effects that leave the transaction, carried out at least once.

A row is written in the same transaction as the act that causes it; the worker carries it
out later. `key` makes sending twice the same as sending once.
"""

from qianshou.kernel.outbox.daily import daily, send_daily
from qianshou.kernel.outbox.parcels import Aside, carrier, carry_out, send
from qianshou.kernel.outbox.relays import relay, run_relays

__all__ = ["Aside", "carrier", "carry_out", "daily", "relay", "run_relays", "send", "send_daily"]
