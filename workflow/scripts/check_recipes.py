"""Rule check_recipes."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.data.fetch:check_recipes")
