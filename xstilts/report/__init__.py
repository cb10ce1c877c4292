"""The report: figures, tables and words, from tidy tables (and, of costs, what jobs left)."""
