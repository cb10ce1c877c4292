"""Script of rule check_claims."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.degradation.claims:check_claims",
        cells=snakemake.input.cells,
        effects=snakemake.input.effects,
        headline=snakemake.params.headline,
        models=dict(snakemake.params.models),
        output=snakemake.output[0],
    )
