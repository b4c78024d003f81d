"""One design language: tokens, components, icons, vendored assets."""
