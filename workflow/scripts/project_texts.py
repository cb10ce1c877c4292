"""Script of rule project_texts."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.similarity.projection:project_texts",
        tables=snakemake.params.tables,
        output=snakemake.output[0],
    )
