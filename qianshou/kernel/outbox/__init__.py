"""Effects that leave the process, carried out at least once."""
