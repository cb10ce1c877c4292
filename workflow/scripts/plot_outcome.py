"""Script of rules plot_degradation and plot_gains."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.heatmaps:plot_outcome",
        outcome=snakemake.params.outcome,
        cells=snakemake.input.cells,
        missing=snakemake.input.missing,
        intermediates=snakemake.params.intermediates,
        languages=snakemake.params.languages,
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
