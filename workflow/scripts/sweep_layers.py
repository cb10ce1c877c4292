"""Script of rule sweep_layers."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.evaluation.layer_sweep:sweep_layers",
        checkpoint=snakemake.input.checkpoint,
        encoded=snakemake.input.encoded,
        languages=snakemake.params.languages,
        settings=snakemake.params.settings,
        output=snakemake.output[0],
    )
