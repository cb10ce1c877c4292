"""Rule plot_measures."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.measure_agreement:plot_measures")
