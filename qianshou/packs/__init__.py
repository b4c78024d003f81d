"""Systems of the authorities, one folder each."""
