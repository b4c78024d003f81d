"""FEEL by the chapters of DMN 1.3."""
