"""Tables and words for `snakemake --report`.

REQUIRED INPUTS: the tidy tables, the encoded training sets, figures/headline.svg.
OUTPUTS: xtreme_summary.csv, provenance.csv; figures/NAME.html, tables as pages; first_page.rst.
"""


rule write_provenance:
    """Versions, commit, devices, models and data."""
    input:
        cells=CELLS,
        training_sets=training_sets,
    output:
        provenance=PROVENANCE,
    log:
        logs("write_provenance"),
    benchmark:
        costs("write_provenance")
    conda:
        "../envs/report.yaml"
    params:
        models=STUDY.model_sources(),
        kept=STUDY.code_of_results.kept_scripts(),
        code=code_of("write_provenance"),
    message:
        "Writing provenance"
    script:
        "../workflow/scripts/write_provenance.py"


rule summarise_xtreme:
    """A score a target, the plain mean over its languages, and the mean over targets."""
    input:
        cells=CELLS,
    output:
        summary=XTREME_SUMMARY,
    log:
        logs("summarise_xtreme"),
    benchmark:
        costs("summarise_xtreme")
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("summarise_xtreme"),
    message:
        "Summarising scores by target"
    script:
        "../workflow/scripts/summarise_xtreme.py"


rule show_tables:
    """Tables as pages, which the report can show."""
    input:
        claims=CLAIMS,
        nested=NESTED,
        sensitivity=SENSITIVITY,
        skill=SKILL,
        diagnostics=DIAGNOSTICS,
        xtreme_summary=XTREME_SUMMARY,
        provenance=PROVENANCE,
    output:
        claims=report(
            figure("claims.html"),
            caption="../workflow/report/claims.rst",
            category="1 Answer",
            labels={"what": "claims of the study, judged"},
        ),
        nested=report(
            figure("nested.html"),
            caption="../workflow/report/nested.rst",
            category="2 Robustness",
            labels={"what": "what similarity adds, step by step"},
        ),
        sensitivity=report(
            figure("sensitivity.html"),
            caption="../workflow/report/sensitivity.rst",
            category="2 Robustness",
            labels={"what": "the answer done otherwise, as a table"},
        ),
        skill=report(
            figure("skill.html"),
            caption="../workflow/report/held_out.rst",
            category="2 Robustness",
            labels={"what": "prediction of what was left out, as a table"},
        ),
        diagnostics=report(
            figure("diagnostics.html"),
            caption="../workflow/report/diagnostics.rst",
            category="2 Robustness",
            labels={"what": "residuals of the model"},
        ),
        xtreme_summary=report(
            figure("xtreme_summary.html"),
            caption="../workflow/report/xtreme_summary.rst",
            category="5 Scores",
            labels={"what": "score by target, mean over languages"},
        ),
        provenance=report(
            figure("provenance.html"),
            caption="../workflow/report/provenance.rst",
            category="7 Cost and provenance",
            labels={"what": "versions, models and data"},
        ),
    log:
        logs("show_tables"),
    benchmark:
        costs("show_tables")
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("show_tables"),
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
        random_effects=RANDOM_EFFECTS,
        agreement=AGREEMENT,
        data=told_manifests(),
        figure=rules.plot_headline.output.figure,
    output:
        page=FIRST_PAGE,
    log:
        logs("write_first_page"),
    benchmark:
        costs("write_first_page")
    conda:
        "../envs/report.yaml"
    params:
        axes=WHOLE.axes,
        headline=config["similarity"]["headline"],
        choice=STUDY.choice(),
        declared=DECLARED,
        languages=STUDY.language_names(),
        invented=bool(config["truth"]),
        code=code_of("write_first_page"),
    message:
        "Writing the first page"
    script:
        "../workflow/scripts/write_first_page.py"
