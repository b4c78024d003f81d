"""Tests of kernel.documents."""
