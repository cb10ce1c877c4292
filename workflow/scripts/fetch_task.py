"""Rule fetch_task."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.data.fetch:fetch_task")
