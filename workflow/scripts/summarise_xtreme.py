"""Rule summarise_xtreme."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.xtreme_summary:summarise_xtreme")
