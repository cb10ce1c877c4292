"""Rule plot_cost."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.cost_figure:plot_cost")
