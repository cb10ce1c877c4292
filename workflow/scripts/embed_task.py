"""Script of rule embed_task."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.similarity.fisher:embed_task",
        checkpoint=snakemake.input.checkpoint,
        parts=list(snakemake.input.parts),
        output=snakemake.output[0],
    )
