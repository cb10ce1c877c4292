"""Script of rule plot_held_out."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.held_out_figure:plot_held_out",
        held_out=snakemake.input.predictions,
        skill=snakemake.input.skill,
        languages=snakemake.params.languages,
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
