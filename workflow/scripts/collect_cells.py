"""Rule collect_cells."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.degradation.outcomes:collect_cells")
