"""Memory and time of jobs: what they need, and more at every attempt."""

from xstilts.encoder.size import model_size

BASE = 4000  # MB of Python, torch and CUDA's context
POOLS = 48000  # MB of a million candidates, or of 400,000 sentences a side, which are held whole
POOLED = 0.12  # MB of one of them


def growing(amount):
    """A job that ran out of it is given as much again."""
    return lambda wildcards, attempt: amount * attempt


def memory_of(bytes_per_weight):
    """MB of a job that holds a model, by what it holds of each weight."""

    def megabytes(wildcards, attempt):
        weights = model_size(WHOLE.models[wildcards.model]).weights
        return attempt * (BASE + int(bytes_per_weight * weights / 1e6))

    return megabytes


# Weights, the best ones so far, gradients and two moments, and their copy on the way to disk.
training_memory = memory_of(32)
prediction_memory = memory_of(16)


def evaluation_memory(target):
    """MB; more where a target's pools are held."""
    pools = 0 if tasks()[target].needs == "none" else STUDY.pool_size(target)
    held = POOLS if pools is None else min(POOLS, int(POOLED * pools))
    return lambda wildcards, attempt: prediction_memory(wildcards, attempt) + attempt * held
