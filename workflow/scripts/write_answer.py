"""Script of rule write_answer."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.degradation.answer:write_answer",
        effects=snakemake.input.effects,
        missing=snakemake.input.missing,
        axes=snakemake.params.axes,
        headline=snakemake.params.headline,
        output=snakemake.output[0],
    )
