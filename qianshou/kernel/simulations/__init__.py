"""Years of a procedure simulated for an officer, with what the ledger says of the past."""
