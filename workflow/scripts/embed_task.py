"""Rule embed_task."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.fisher:embed_task")
