"""Rule compute_features."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.features:compute_features")
