"""Rule translate_task."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.data.translate:translate_task")
