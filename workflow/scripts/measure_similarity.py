"""Script of rule measure_similarity."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.measuring:measure_similarity",
        measure=snakemake.wildcards.measure,
        model=snakemake.wildcards.model,
        layer=snakemake.params.layer,
        intermediates=snakemake.params.intermediates,
        sources=dict(zip(snakemake.params.source_tasks, snakemake.input.sources, strict=True)),
        targets=dict(zip(snakemake.params.target_tasks, snakemake.input.targets, strict=True)),
        languages=snakemake.params.languages,
        output=snakemake.output[0],
    )
