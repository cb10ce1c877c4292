"""Rule embed_dev."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.features:embed_dev")
