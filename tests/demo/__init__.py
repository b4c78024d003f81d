"""The synthetic district, counted."""
