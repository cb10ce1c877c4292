"""Tables and words for `snakemake --report`.

REQUIRED INPUTS: the tidy tables, the encoded training sets, figures/headline.svg.
OUTPUTS: benchmark.csv, provenance.csv; figures/NAME.html, tables as pages; first_page.rst.
"""


rule write_provenance:
    """Versions, commit, devices, models and data."""
    input:
        cells=CELLS,
        training_sets=training_sets,
    output:
        PROVENANCE,
    log:
        f"{LOGS}/write_provenance.log",
    benchmark:
        f"{COSTS}/write_provenance.tsv"
    conda:
        "../envs/report.yaml"
    params:
        models=model_sources(),
        code=code_digest("report"),
    message:
        "Writing provenance"
    script:
        "../workflow/scripts/write_provenance.py"


rule summarise_benchmark:
    """A score a target, the plain mean over its languages, and the mean over targets."""
    input:
        CELLS,
    output:
        BENCHMARK,
    log:
        f"{LOGS}/summarise_benchmark.log",
    benchmark:
        f"{COSTS}/summarise_benchmark.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("report/xtreme_summary.py"),
    message:
        "Summarising scores by target"
    script:
        "../workflow/scripts/summarise_benchmark.py"


rule show_tables:
    """Tables as pages, which the report can show."""
    input:
        claims=CLAIMS,
        nested=NESTED,
        sensitivity=SENSITIVITY,
        skill=SKILL,
        diagnostics=DIAGNOSTICS,
        benchmark=BENCHMARK,
        provenance=PROVENANCE,
    output:
        claims=report(
            f"{FIGURES}/claims.html",
            caption="../workflow/report/claims.rst",
            category="1 Answer",
            labels={"what": "claims of the study, judged"},
        ),
        nested=report(
            f"{FIGURES}/nested.html",
            caption="../workflow/report/nested.rst",
            category="2 Robustness",
            labels={"what": "what similarity adds, step by step"},
        ),
        sensitivity=report(
            f"{FIGURES}/sensitivity.html",
            caption="../workflow/report/sensitivity.rst",
            category="2 Robustness",
            labels={"what": "the answer done otherwise, as a table"},
        ),
        skill=report(
            f"{FIGURES}/skill.html",
            caption="../workflow/report/held_out.rst",
            category="2 Robustness",
            labels={"what": "prediction of what was left out, as a table"},
        ),
        diagnostics=report(
            f"{FIGURES}/diagnostics.html",
            caption="../workflow/report/diagnostics.rst",
            category="2 Robustness",
            labels={"what": "residuals of the model"},
        ),
        benchmark=report(
            f"{FIGURES}/benchmark.html",
            caption="../workflow/report/benchmark.rst",
            category="5 Scores",
            labels={"what": "score by target, mean over languages"},
        ),
        provenance=report(
            f"{FIGURES}/provenance.html",
            caption="../workflow/report/provenance.rst",
            category="7 Cost and provenance",
            labels={"what": "versions, models and data"},
        ),
    log:
        f"{LOGS}/show_tables.log",
    benchmark:
        f"{COSTS}/show_tables.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("report"),
    message:
        "Writing tables as pages"
    script:
        "../workflow/scripts/show_tables.py"


rule write_first_page:
    """The first page of the report, in words."""
    input:
        effects=EFFECTS,
        cells=CELLS,
        missing=MISSING,
        sensitivity=SENSITIVITY,
        skill=SKILL,
        data=told_manifests(),
        figure=rules.plot_headline.output.figure,
    output:
        FIRST_PAGE,
    log:
        f"{LOGS}/write_first_page.log",
    benchmark:
        f"{COSTS}/write_first_page.tsv"
    conda:
        "../envs/report.yaml"
    params:
        axes=WHOLE.axes,
        headline=config["similarity"]["headline"],
        world=bool(config["world"]),
        code=code_digest(
            "report",
            *STATE_MODULES,
            "degradation/answer.py",
            "degradation/held_out.py",
            "degradation/sensitivity.py",
        ),
    message:
        "Writing the first page"
    script:
        "../workflow/scripts/write_first_page.py"
