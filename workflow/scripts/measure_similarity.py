"""Script of rule measure_similarity."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.similarity.table:measure_similarity",
        measure=snakemake.wildcards.measure,
        model=snakemake.wildcards.model,
        intermediates=snakemake.params.intermediates,
        targets=snakemake.params.targets,
        languages=snakemake.params.languages,
        known=snakemake.params.known,
        resamples=snakemake.params.resamples,
        files=snakemake.params.files,
        output=snakemake.output[0],
    )
