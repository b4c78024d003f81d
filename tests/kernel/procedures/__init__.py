"""Tests of the engine and its compilers."""
