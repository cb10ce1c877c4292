"""Rule compute_fisher."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.similarity.fisher:compute_fisher")
