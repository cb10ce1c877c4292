"""Script of rule plot_effects."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.effect_figures:plot_effects",
        effects=snakemake.input[0],
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
