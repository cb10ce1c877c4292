"""Script of rule embed_texts."""

from typing import TYPE_CHECKING

from xstilts.jobs import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    run_job(
        snakemake.log[0],
        snakemake.threads,
        "xstilts.similarity.embeddings:embed_texts",
        pretrained=snakemake.input.pretrained,
        encoded=snakemake.input.encoded,
        sides=["text"],
        layers=snakemake.params.layers,
        own=snakemake.params.own,
        texts=snakemake.params.texts,
        batch_tokens=snakemake.params.batch_tokens,
        precision=snakemake.params.precision,
        output=snakemake.output[0],
    )
