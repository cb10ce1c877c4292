"""Script of rule measure_truth."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.degradation.planted_truth:measure_truth",
        world=snakemake.params.world,
        model=snakemake.wildcards.model,
        checkpoints=snakemake.params.checkpoints,
        languages=snakemake.params.languages,
        batch_tokens=snakemake.params.batch_tokens,
        precision=snakemake.params.precision,
        output=snakemake.output[0],
    )
