"""Rule encode_task."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.data.encode:encode_task")
