"""Script of the rules evaluate_TARGET."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.evaluation.evaluate:evaluate_target",
        checkpoint=snakemake.input.checkpoint,
        encoded=snakemake.input.encoded,
        store=snakemake.config["store"] or f"{snakemake.config['results']}/store",
        outputs=list(snakemake.output),
        layer=snakemake.params.layer,
        settings=snakemake.params.settings,
        code=snakemake.params.code,
    )
