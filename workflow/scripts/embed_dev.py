"""Script of rule embed_dev."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.similarity.features:embed_dev",
        checkpoint=snakemake.input.checkpoint,
        parts=snakemake.params.parts,
        batch_tokens=snakemake.params.batch_tokens,
        precision=snakemake.params.precision,
        output=snakemake.output[0],
    )
