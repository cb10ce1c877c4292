"""Script of rule count_pieces."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.similarity.subwords:count_pieces",
        pretrained=snakemake.input.pretrained,
        encoded=snakemake.input.encoded,
        texts=snakemake.params.texts,
        output=snakemake.output[0],
    )
