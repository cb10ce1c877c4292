"""Rule summarise_benchmark."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.xtreme_summary:summarise_benchmark")
