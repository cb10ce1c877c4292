"""Rules embed_texts and embed_parallel."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.embeddings:embed_texts")
