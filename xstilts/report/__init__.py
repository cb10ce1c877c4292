"""The report: figures, tables and words, all made from tidy tables and never from raw files."""
