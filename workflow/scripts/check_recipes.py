"""Script of rule check_recipes."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.data.fetch:check_recipes",
        trained=[*snakemake.input.trained],
        tested=[*snakemake.input.tested],
        output=snakemake.output[0],
    )
