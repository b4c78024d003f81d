"""The interface for officers' systems: what their pages show and do, for programs with a token."""
