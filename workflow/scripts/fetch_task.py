"""Script of rule fetch_task."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.data.fetch:fetch_task",
        task=snakemake.wildcards.task,
        part=snakemake.wildcards.part,
        languages=snakemake.params.languages,
        world=snakemake.params.world,
        source=snakemake.params.source,
        commits=snakemake.params.commits,
        limits=snakemake.params.limits,
        output=snakemake.output[0],
    )
