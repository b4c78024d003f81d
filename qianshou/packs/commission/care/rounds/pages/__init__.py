"""The pages of the survey in rounds."""
