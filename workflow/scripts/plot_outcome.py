"""Rules plot_degradation and plot_gains."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.heatmaps:plot_outcome")
