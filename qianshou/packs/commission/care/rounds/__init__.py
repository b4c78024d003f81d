"""The survey in rounds: lists handed in, compared, explained, and the result frozen."""
