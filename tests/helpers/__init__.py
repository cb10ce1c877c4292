"""What several tests need: studies that run, invented data, mirrors, grids of known slopes."""
