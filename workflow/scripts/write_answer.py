"""Rule write_answer."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.degradation.answer:write_answer")
