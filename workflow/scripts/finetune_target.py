"""Rule finetune_target: a fit per task of the target's chain."""

from xstilts.jobs import run_rule

run_rule(
    snakemake,
    "xstilts.training.phases:train",
    phase="finetuning",
    fits=[{"parts": [part], "dev": [part], "corpus": []} for part in snakemake.input.parts],
    seed=int(snakemake.wildcards.seed),
    save_minutes=snakemake.config["training"]["save_minutes"],
    store=snakemake.config["store"],
)
