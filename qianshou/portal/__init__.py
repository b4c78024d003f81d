"""Pages of residents, phone first."""
