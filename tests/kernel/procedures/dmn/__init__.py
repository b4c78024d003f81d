"""Decision models by the chapters of DMN 1.3."""
