"""Rule measure_truth."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.world.truth:measure_truth")
