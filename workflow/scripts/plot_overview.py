"""Rule plot_overview."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.heatmaps:plot_overview")
