"""Script of rule predict_held_out."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.degradation.held_out:predict_held_out",
        cells=snakemake.input.cells,
        similarity=list(snakemake.input.similarity),
        headline=snakemake.params.headline,
        degradation=snakemake.params.degradation,
        families=snakemake.params.families,
        output=snakemake.output.predictions,
        skill=snakemake.output.skill,
    )
