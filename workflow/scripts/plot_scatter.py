"""Rule plot_scatter."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.scatter:plot_scatter")
