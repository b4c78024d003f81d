"""Who is let in: second factors, sessions, and the record of log-ins."""
