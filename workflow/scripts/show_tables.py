"""Script of rule show_tables."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.pages:show_tables",
        tables=dict(snakemake.input.items()),
        pages=dict(snakemake.output.items()),
    )
