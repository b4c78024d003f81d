"""What care's declarations cannot say, gathered here so that its registers fill at start."""
