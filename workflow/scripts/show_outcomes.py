"""Rule show_outcomes."""

from xstilts.jobs import run_rule

run_rule(
    snakemake,
    "xstilts.report.interactive:show_outcomes",
    outcomes=dict(snakemake.input.items()),
)
