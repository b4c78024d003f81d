"""Doors for other systems: officers' programs, webhooks, calendars, mail and group robots."""
