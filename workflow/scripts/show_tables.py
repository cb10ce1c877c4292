"""Rule show_tables."""

from xstilts.jobs import run_rule

run_rule(
    snakemake,
    "xstilts.report.pages:show_tables",
    tables=dict(snakemake.input.items()),
    pages=dict(snakemake.output.items()),
)
