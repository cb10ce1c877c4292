"""Script of rule encode_task."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.data.encode:encode_task",
        task=snakemake.wildcards.task,
        data=snakemake.input.data,
        pretrained=snakemake.input.pretrained,
        max_length=snakemake.params.max_length,
        trained=[*snakemake.input.trained],
        output=snakemake.output[0],
    )
