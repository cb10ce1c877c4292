"""Script of rule show_outcomes."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.interactive:show_outcomes",
        outcomes=dict(snakemake.input.items()),
        intermediates=snakemake.params.intermediates,
        languages=snakemake.params.languages,
        page=snakemake.output.page,
    )
