"""What tells an operator whether the product is well: health, metrics, lines for a machine."""
