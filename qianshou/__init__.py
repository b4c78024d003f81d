"""Qianshou (千手): joint governance for a county-level district."""
