"""Script of rule finetune_target."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.training.phases:finetune_target",
        parent=snakemake.input.parent,
        parts=list(snakemake.input.parts),
        seed=int(snakemake.wildcards.seed),
        settings=snakemake.params.settings,
        save_minutes=snakemake.config["training"]["save_minutes"],
        store=snakemake.config["store"],
        code=snakemake.params.code,
        output=snakemake.output.checkpoint,
    )
