"""Files fixed by their digest."""
