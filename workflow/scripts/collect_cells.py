"""Script of rule collect_cells."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.degradation.outcomes:collect_cells",
        files=list(snakemake.input.scores),
        axes=snakemake.params.axes,
        output=snakemake.output.cells,
        missing=snakemake.output.missing,
    )
