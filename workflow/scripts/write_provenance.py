"""Script of rule write_provenance."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.provenance:write_provenance",
        cells=snakemake.input[0],
        models=snakemake.params.models,
        output=snakemake.output[0],
    )
