"""Rule train_intermediate: one fit of all the recipe's tasks."""

from xstilts.jobs import run_rule

run_rule(
    snakemake,
    "xstilts.training.phases:train",
    phase="intermediate",
    fits=[{name: list(getattr(snakemake.input, name)) for name in ("parts", "dev", "corpus")}],
    seed=int(snakemake.wildcards.seed),
    save_minutes=snakemake.config["training"]["save_minutes"],
    store=snakemake.config["store"],
)
