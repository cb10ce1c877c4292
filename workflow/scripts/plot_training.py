"""Script of rule plot_training."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.report.training_curves:plot_training",
        trainings=snakemake.params.trainings,
        intermediates=snakemake.params.intermediates,
        figure=snakemake.output.figure,
        data=snakemake.output.data,
    )
