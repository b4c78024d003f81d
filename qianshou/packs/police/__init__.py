"""Systems of the public security bureau."""
