"""Rule sweep_layers."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.evaluation.layer_sweep:sweep_layers")
