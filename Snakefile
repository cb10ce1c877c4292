"""xstilts: does similarity predict what zero-shot transfer loses? The rules in the order they run."""

from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/resources.smk"
include: "rules/data.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/similarity.smk"
include: "rules/degradation.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


localrules:
    all,
    fetch_task,
    fetch_model,
    fetch_translator,
    check_recipes,
    collect_cells,


rule all:
    """The tables, the figures and the answer; cells that were deleted are rebuilt."""
    default_target: True
    input:
        lost_score_files,
        similarity_files(),
        CELLS,
        XTREME_SUMMARY,
        EFFECTS,
        CLAIMS,
        ANSWER,
        FIRST_PAGE,
        report_files(),
