"""Rule check_sensitivity."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.degradation.sensitivity:check_sensitivity")
