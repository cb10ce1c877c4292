"""Script of rule fit_degradation."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.degradation.effects:fit_degradation",
        cells=snakemake.input.cells,
        similarity=list(snakemake.input.similarity),
        truth=list(snakemake.input.truth),
        headline=snakemake.params.headline,
        degradation=snakemake.params.degradation,
        effects=snakemake.output.effects,
        variances=snakemake.output.variances,
        random_effects=snakemake.output.random_effects,
        nested=snakemake.output.nested,
        diagnostics=snakemake.output.diagnostics,
    )
