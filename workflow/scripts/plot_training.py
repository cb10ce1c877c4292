"""Rule plot_training."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.training_curves:plot_training")
