"""Rules fetch_model and fetch_translator."""

from xstilts.jobs import run_rule

run_rule(snakemake, "xstilts.data.pretrained:fetch_model")
