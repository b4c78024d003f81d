"""How often something may be done from outside."""
