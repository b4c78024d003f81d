"""Systems of the political and legal affairs commission."""
