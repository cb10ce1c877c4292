"""Rule plot_effects."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.effect_figures:plot_effects")
