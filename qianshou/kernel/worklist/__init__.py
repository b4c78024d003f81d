"""Every open task of everybody in one list."""
