"""Rule plot_sensitivity."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.effect_figures:plot_sensitivity")
