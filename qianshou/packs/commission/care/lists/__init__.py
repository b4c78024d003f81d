"""The cross-check of any two files: lists read as they are, decisions and a report written.

`checking` and `report` bring the engine in, which takes a second to come up; `reading`, `options`
and `telling` do without it.
"""
