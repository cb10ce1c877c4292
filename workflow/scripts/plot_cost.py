"""Script of rule plot_cost."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.cost_figure:plot_cost",
        cells=snakemake.input.cells,
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
