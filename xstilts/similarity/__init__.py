"""Similarity: what measures compare, the measures, and the table of their values."""
