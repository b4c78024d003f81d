"""Systems of the political-legal commission."""
