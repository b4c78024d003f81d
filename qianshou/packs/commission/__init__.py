"""Packs of the district's political and legal affairs commission."""
