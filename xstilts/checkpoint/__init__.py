"""Checkpoints: what a training leaves: a manifest, weights, and the curve of its steps."""
