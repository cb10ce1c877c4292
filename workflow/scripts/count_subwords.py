"""Rule count_subwords."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.subwords:count_subwords")
