"""Rule plot_similarity."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.heatmaps:plot_similarity")
