"""Evaluation: outputs of a checkpoint, statistics per example, metrics, cells."""
