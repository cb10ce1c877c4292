"""Rule measure_similarity."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.table:measure_similarity")
