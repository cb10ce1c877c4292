"""Rule project_texts."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.projection:project_texts")
