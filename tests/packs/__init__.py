"""Tests that walk every pack."""
