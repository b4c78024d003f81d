"""Defined counts over records, traceable to the records."""
