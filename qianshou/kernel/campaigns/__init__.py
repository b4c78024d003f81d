"""Campaigns: measures with owners, deadlines, progress and evidence, and the money for them."""
