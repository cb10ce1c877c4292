"""Rule plot_headline."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.effect_figures:plot_headline")
