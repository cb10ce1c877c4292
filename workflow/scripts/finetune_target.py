"""Rule finetune_target."""

from xstilts.jobs import run_rule

run_rule(
    snakemake,
    "xstilts.training.phases:finetune_target",
    seed=int(snakemake.wildcards.seed),
    save_minutes=snakemake.config["training"]["save_minutes"],
    store=snakemake.config["store"],
)
