"""Script of rule plot_scatter."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.scatter:plot_scatter",
        cells=snakemake.input.cells,
        similarity=list(snakemake.input.similarity),
        effects=snakemake.input.effects,
        headline=snakemake.params.headline,
        degradation=snakemake.params.degradation,
        languages=snakemake.params.languages,
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
