"""Rules evaluate_TARGET."""

from xstilts.jobs import run_rule

run_rule(
    snakemake,
    "xstilts.evaluation.evaluate:evaluate_target",
    store=snakemake.config["store"] or f"{snakemake.config['results']}/store",
)
