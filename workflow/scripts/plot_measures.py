"""Script of rule plot_measures."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.measure_agreement:plot_measures",
        tables=list(snakemake.input),
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
