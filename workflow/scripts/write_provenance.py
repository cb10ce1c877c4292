"""Rule write_provenance."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.report.provenance_table:write_provenance")
