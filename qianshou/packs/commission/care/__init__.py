"""Left-behind children found, known and kept safe (千手护蕾)."""
