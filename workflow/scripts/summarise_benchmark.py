"""Script of rule summarise_benchmark."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.xtreme_summary:summarise_benchmark",
        cells=snakemake.input[0],
        output=snakemake.output[0],
    )
