"""Rule predict_held_out."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.degradation.held_out:predict_held_out")
