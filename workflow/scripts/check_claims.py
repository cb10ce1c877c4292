"""Rule check_claims."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.degradation.claims:check_claims")
