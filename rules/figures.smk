"""Figures for `snakemake --report`, each with the data behind it as CSV; two of them to point at.

REQUIRED INPUTS: the tidy tables, the training curves beside the checkpoints, the costs beside the logs.
OUTPUTS: figures/NAME.svg and figures/NAME.csv; figures/outcomes.html, figures/scatter.html.
"""


rule plot_degradation:
    """Heat map of the transfer gap: intermediates by languages, a panel a target."""
    input:
        cells=CELLS,
        missing=MISSING,
    output:
        figure=report(
            f"{FIGURES}/degradation.svg",
            caption="../workflow/report/degradation.rst",
            category="3 Degradation",
            labels={"what": "transfer gap, every cell"},
        ),
        data=f"{FIGURES}/degradation.csv",
    log:
        f"{LOGS}/plot_degradation.log",
    benchmark:
        f"{COSTS}/plot_degradation.tsv"
    conda:
        "../envs/report.yaml"
    params:
        outcome="gap",
        intermediates=WHOLE.intermediates,
        languages=language_names(config),
        code=code_digest("report", *STATE_MODULES),
    message:
        "Plotting degradation"
    script:
        "../workflow/scripts/plot_outcome.py"


rule plot_gains:
    """Heat map of the gain over no intermediate task."""
    input:
        cells=CELLS,
        missing=MISSING,
    output:
        figure=report(
            f"{FIGURES}/gains.svg",
            caption="../workflow/report/gains.rst",
            category="3 Degradation",
            labels={"what": "gain over no intermediate, every cell"},
        ),
        data=f"{FIGURES}/gains.csv",
    log:
        f"{LOGS}/plot_gains.log",
    benchmark:
        f"{COSTS}/plot_gains.tsv"
    conda:
        "../envs/report.yaml"
    params:
        outcome="gain",
        intermediates=WHOLE.trained_intermediates(),
        languages=language_names(config),
        code=code_digest("report", *STATE_MODULES),
    message:
        "Plotting gains"
    script:
        "../workflow/scripts/plot_outcome.py"


rule show_outcomes:
    """Gap and gain of every cell, to point at."""
    input:
        gap=rules.plot_degradation.output.data,
        gain=rules.plot_gains.output.data,
    output:
        page=report(
            f"{FIGURES}/outcomes.html",
            caption="../workflow/report/outcomes.rst",
            category="3 Degradation",
            labels={"what": "gap and gain, interactive"},
        ),
    log:
        f"{LOGS}/show_outcomes.log",
    benchmark:
        f"{COSTS}/show_outcomes.tsv"
    conda:
        "../envs/report.yaml"
    params:
        intermediates=WHOLE.intermediates,
        languages=language_names(config),
        code=code_digest("report", *STATE_MODULES),
    message:
        "Drawing the interactive heat map"
    script:
        "../workflow/scripts/show_outcomes.py"


rule plot_similarity:
    """Heat map of the headline measure: intermediates by languages, a panel a target."""
    input:
        expand(SIMILARITY, measure=config["similarity"]["headline"], model=GRID.models),
    output:
        figure=report(
            f"{FIGURES}/similarity.svg",
            caption="../workflow/report/similarity.rst",
            category="4 Similarity",
            labels={"what": "the measure of the answer, every cell"},
        ),
        data=f"{FIGURES}/similarity.csv",
    log:
        f"{LOGS}/plot_similarity.log",
    benchmark:
        f"{COSTS}/plot_similarity.tsv"
    conda:
        "../envs/report.yaml"
    params:
        intermediates=GRID.trained_intermediates(),
        languages=language_names(config),
        code=code_digest("report", "similarity/table.py"),
    message:
        "Plotting similarity"
    script:
        "../workflow/scripts/plot_similarity.py"


rule plot_overview:
    """Heat maps of all measures: intermediates by languages, a panel a measure."""
    input:
        similarity_files(),
    output:
        figure=report(
            f"{FIGURES}/overview.svg",
            caption="../workflow/report/overview.rst",
            category="4 Similarity",
            labels={"what": "all measures, every cell"},
        ),
        data=f"{FIGURES}/overview.csv",
    log:
        f"{LOGS}/plot_overview.log",
    benchmark:
        f"{COSTS}/plot_overview.tsv"
    conda:
        "../envs/report.yaml"
    params:
        intermediates=GRID.trained_intermediates(),
        languages=language_names(config),
        code=code_digest("report", "similarity/table.py"),
    message:
        "Plotting all measures"
    script:
        "../workflow/scripts/plot_overview.py"


rule plot_measures:
    """How the measures correlate with one another, and with themselves at other layers."""
    input:
        similarity_files(),
    output:
        figure=report(
            f"{FIGURES}/measures.svg",
            caption="../workflow/report/measures.rst",
            category="4 Similarity",
            labels={"what": "agreement of the measures, and over layers"},
        ),
        data=f"{FIGURES}/measures.csv",
    log:
        f"{LOGS}/plot_measures.log",
    benchmark:
        f"{COSTS}/plot_measures.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("report", "similarity/table.py"),
    message:
        "Plotting the agreement of measures"
    script:
        "../workflow/scripts/plot_measures.py"


rule plot_scatter:
    """Similarity against the outcome, with the model's slopes."""
    input:
        cells=CELLS,
        similarity=similarity_files(),
        effects=EFFECTS,
    output:
        figure=report(
            f"{FIGURES}/scatter.svg",
            caption="../workflow/report/scatter.rst",
            category="1 Answer",
            labels={"what": "similarity against loss"},
        ),
        data=f"{FIGURES}/scatter.csv",
    log:
        f"{LOGS}/plot_scatter.log",
    benchmark:
        f"{COSTS}/plot_scatter.tsv"
    conda:
        "../envs/report.yaml"
    params:
        headline=config["similarity"]["headline"],
        degradation=vars(specification(config)),
        languages=language_names(config),
        code=code_digest("report", *FITTING_MODULES),
    message:
        "Plotting similarity against the outcome"
    script:
        "../workflow/scripts/plot_scatter.py"


rule show_scatter:
    """Similarity against the outcome, to point at."""
    input:
        rules.plot_scatter.output.data,
    output:
        page=report(
            f"{FIGURES}/scatter.html",
            caption="../workflow/report/scatter_page.rst",
            category="1 Answer",
            labels={"what": "similarity against loss, interactive"},
        ),
    log:
        f"{LOGS}/show_scatter.log",
    benchmark:
        f"{COSTS}/show_scatter.tsv"
    conda:
        "../envs/report.yaml"
    params:
        headline=config["similarity"]["headline"],
        outcome=config["degradation"]["outcome"],
        languages=language_names(config),
        code=code_digest("report", "degradation/outcomes.py", "similarity/__init__.py"),
    message:
        "Drawing the interactive scatter"
    script:
        "../workflow/scripts/show_scatter.py"


rule plot_effects:
    """The fitted effects of all measures, beside the planted truth where there is one."""
    input:
        EFFECTS,
    output:
        figure=report(
            f"{FIGURES}/effects.svg",
            caption="../workflow/report/effects.rst",
            category="1 Answer",
            labels={"what": "slope of every measure"},
        ),
        data=f"{FIGURES}/effects.csv",
    log:
        f"{LOGS}/plot_effects.log",
    benchmark:
        f"{COSTS}/plot_effects.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("report", "similarity/__init__.py"),
    message:
        "Plotting effects"
    script:
        "../workflow/scripts/plot_effects.py"


rule plot_headline:
    """The slopes of the measure that the answer is given for."""
    input:
        EFFECTS,
    output:
        figure=f"{FIGURES}/headline.svg",
        data=f"{FIGURES}/headline.csv",
    log:
        f"{LOGS}/plot_headline.log",
    benchmark:
        f"{COSTS}/plot_headline.tsv"
    conda:
        "../envs/report.yaml"
    params:
        headline=config["similarity"]["headline"],
        code=code_digest("report"),
    message:
        "Plotting the answer"
    script:
        "../workflow/scripts/plot_headline.py"


rule plot_sensitivity:
    """The slopes of the headline under every variant, with their intervals."""
    input:
        SENSITIVITY,
    output:
        figure=report(
            f"{FIGURES}/sensitivity.svg",
            caption="../workflow/report/sensitivity.rst",
            category="2 Robustness",
            labels={"what": "the answer under other outcomes, data and methods"},
        ),
        data=f"{FIGURES}/sensitivity.csv",
    log:
        f"{LOGS}/plot_sensitivity.log",
    benchmark:
        f"{COSTS}/plot_sensitivity.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("report"),
    message:
        "Plotting robustness"
    script:
        "../workflow/scripts/plot_sensitivity.py"


rule plot_held_out:
    """How well what was left out was predicted."""
    input:
        predictions=HELD_OUT,
        skill=SKILL,
    output:
        figure=report(
            f"{FIGURES}/held_out.svg",
            caption="../workflow/report/held_out.rst",
            category="2 Robustness",
            labels={"what": "prediction of what was left out"},
        ),
        data=f"{FIGURES}/held_out.csv",
    log:
        f"{LOGS}/plot_held_out.log",
    benchmark:
        f"{COSTS}/plot_held_out.tsv"
    conda:
        "../envs/report.yaml"
    params:
        languages=language_names(config),
        code=code_digest("report"),
    message:
        "Plotting held-out prediction"
    script:
        "../workflow/scripts/plot_held_out.py"


rule plot_random_effects:
    """What is predicted of each language, target and intermediate."""
    input:
        RANDOM_EFFECTS,
    output:
        figure=report(
            f"{FIGURES}/random_effects.svg",
            caption="../workflow/report/random_effects.rst",
            category="2 Robustness",
            labels={"what": "effects of languages, targets and intermediates"},
        ),
        data=f"{FIGURES}/random_effects.csv",
    log:
        f"{LOGS}/plot_random_effects.log",
    benchmark:
        f"{COSTS}/plot_random_effects.tsv"
    conda:
        "../envs/report.yaml"
    params:
        outcome=config["degradation"]["outcome"],
        languages=language_names(config),
        code=code_digest("report"),
    message:
        "Plotting random effects"
    script:
        "../workflow/scripts/plot_random_effects.py"


rule plot_training:
    """The loss of every training, a panel a training set, a line an intermediate."""
    input:
        [training["checkpoint"] for training in trainings()],
    output:
        figure=report(
            f"{FIGURES}/training.svg",
            caption="../workflow/report/training.rst",
            category="6 Training",
            labels={"what": "training loss"},
        ),
        data=f"{FIGURES}/training.csv",
    log:
        f"{LOGS}/plot_training.log",
    benchmark:
        f"{COSTS}/plot_training.tsv"
    conda:
        "../envs/report.yaml"
    params:
        trainings=list(trainings()),
        intermediates=GRID.intermediates,
        code=code_digest("report", "checkpoint/curves.py"),
    message:
        "Plotting training"
    script:
        "../workflow/scripts/plot_training.py"


rule plot_cost:
    """Hours of the stages, and bytes."""
    input:
        cells=CELLS,
        last=[ANSWER, CLAIMS, SENSITIVITY, SKILL],
    output:
        figure=report(
            f"{FIGURES}/cost.svg",
            caption="../workflow/report/cost.rst",
            category="7 Cost and provenance",
            labels={"what": "hours and bytes"},
        ),
        data=f"{FIGURES}/cost.csv",
    log:
        f"{LOGS}/plot_cost.log",
    benchmark:
        f"{COSTS}/plot_cost.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("report", "planning"),
    message:
        "Adding up costs"
    script:
        "../workflow/scripts/plot_cost.py"
