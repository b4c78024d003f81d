"""The synthetic district."""
