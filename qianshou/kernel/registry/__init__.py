"""What exists: divisions, organisations, posts, officers, shifts, catalogues, persons and the vault."""
