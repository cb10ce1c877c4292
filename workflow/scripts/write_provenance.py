"""Script of rule write_provenance."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.provenance_table:write_provenance",
        cells=snakemake.input.cells,
        training_sets=list(snakemake.input.training_sets),
        models=snakemake.params.models,
        output=snakemake.output[0],
    )
