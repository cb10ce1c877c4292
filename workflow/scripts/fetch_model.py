"""Script of rule fetch_model."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.data.pretrained:fetch_model",
        path=snakemake.params.path,
        revision=snakemake.params.revision,
        world=snakemake.params.world,
        lora=snakemake.params.lora,
        output=snakemake.output[0],
    )
