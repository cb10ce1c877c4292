"""Rule measure_truth."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.degradation.planted_truth:measure_truth")
