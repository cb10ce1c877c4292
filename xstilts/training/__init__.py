"""Phases two and three: schedules, the loop, its state on disk, curves."""
