"""Tokens: what other people's software shows at the doors of the house, and as whom it acts."""
