"""Degradation: what zero-shot transfer loses, and what similarity has to do with it."""
