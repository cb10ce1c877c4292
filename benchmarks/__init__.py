"""Measurements against named peers; results are kept as JSON beside a page."""
