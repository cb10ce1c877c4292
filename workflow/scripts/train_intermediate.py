"""Rule train_intermediate."""

from xstilts.jobs import run_rule

run_rule(
    snakemake,
    "xstilts.training.phases:train_intermediate",
    seed=int(snakemake.wildcards.seed),
    save_minutes=snakemake.config["training"]["save_minutes"],
    store=snakemake.config["store"],
)
