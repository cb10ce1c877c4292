"""Rule show_scatter."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.interactive:show_scatter")
