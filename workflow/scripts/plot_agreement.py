"""Rule plot_agreement."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.example_agreement:plot_agreement")
