"""Care's own pages, in the frames of officers and of guardians."""
