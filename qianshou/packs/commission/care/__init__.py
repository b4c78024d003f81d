"""Care for left-behind girls (千手护蕾)."""
