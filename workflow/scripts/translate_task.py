"""Script of rule translate_task."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    languages = snakemake.params.languages
    translators = list(snakemake.input.translators)
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.data.translate:translate_task",
        task=snakemake.wildcards.task,
        data=snakemake.input.data if translators else None,
        translators=dict(zip(languages, translators, strict=True)) if translators else {},
        codes=snakemake.params.codes,
        languages=languages,
        world=snakemake.params.world,
        source=snakemake.params.source,
        limits=snakemake.params.limits,
        code=snakemake.params.code,
        output=snakemake.output[0],
    )
