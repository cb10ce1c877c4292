"""Rule plot_held_out."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.held_out_figure:plot_held_out")
