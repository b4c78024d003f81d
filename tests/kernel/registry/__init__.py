"""Tests of kernel.registry."""
