"""Script of rule show_scatter."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.interactive:show_scatter",
        data=snakemake.input[0],
        headline=snakemake.params.headline,
        outcome=snakemake.params.outcome,
        languages=snakemake.params.languages,
        page=snakemake.output.page,
    )
