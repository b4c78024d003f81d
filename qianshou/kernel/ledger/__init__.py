"""Every act in order, chained by hash: the truth."""
