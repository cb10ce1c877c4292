"""Script of rule write_first_page."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.first_page:write_first_page",
        effects=snakemake.input.effects,
        cells=snakemake.input.cells,
        missing=snakemake.input.missing,
        sensitivity=snakemake.input.sensitivity,
        skill=snakemake.input.skill,
        data=[*snakemake.input.data],
        axes=snakemake.params.axes,
        headline=snakemake.params.headline,
        world=snakemake.params.world,
        figure=snakemake.input.figure,
        output=snakemake.output[0],
    )
