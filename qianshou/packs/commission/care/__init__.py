"""Left-behind girls found, known and looked after (千手护蕾)."""
