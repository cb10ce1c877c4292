"""Data: fetched from the hub or files, brought to canonical columns, checked, encoded once."""
