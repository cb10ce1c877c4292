"""Script of rule plot_overview."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.heatmaps:plot_overview",
        tables=list(snakemake.input),
        intermediates=snakemake.params.intermediates,
        languages=snakemake.params.languages,
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
