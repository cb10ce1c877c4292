"""Rule fit_degradation."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.degradation.effects:fit_degradation", processes=snakemake.threads)
