"""Rule write_first_page."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.first_page:write_first_page")
