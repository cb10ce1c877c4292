"""Figures for `snakemake --report`, each with the data behind it as CSV; two of them interactive.

REQUIRED INPUTS: the tidy tables, the training curves beside the checkpoints, the costs beside the logs.
OUTPUTS: figures/NAME.svg and figures/NAME.csv; figures/outcomes.html, figures/scatter.html.
"""


rule plot_degradation:
    """Heat map of the transfer gap: intermediates by languages, a panel per target."""
    input:
        cells=CELLS,
        missing=MISSING,
    output:
        figure=report(
            figure("degradation.svg"),
            caption="../workflow/report/degradation.rst",
            category="3 Degradation",
            labels={"what": "transfer gap, every cell"},
        ),
        data=figure("degradation.csv"),
    log:
        logs("plot_degradation"),
    benchmark:
        costs("plot_degradation")
    conda:
        "../envs/report.yaml"
    params:
        outcome="gap",
        intermediates=WHOLE.intermediates,
        languages=STUDY.language_names(),
        code=code_of("plot_outcome"),
    message:
        "Plotting degradation"
    script:
        "../workflow/scripts/plot_outcome.py"


# The gain over no intermediate task.
use rule plot_degradation as plot_gains with:
    output:
        figure=report(
            figure("gains.svg"),
            caption="../workflow/report/gains.rst",
            category="3 Degradation",
            labels={"what": "gain over no intermediate, every cell"},
        ),
        data=figure("gains.csv"),
    log:
        logs("plot_gains"),
    benchmark:
        costs("plot_gains")
    params:
        outcome="gain",
        intermediates=WHOLE.trained_intermediates(),
    message:
        "Plotting gains"


rule show_outcomes:
    """Gap and gain of every cell, to point at."""
    input:
        gap=rules.plot_degradation.output.data,
        gain=rules.plot_gains.output.data,
    output:
        page=report(
            figure("outcomes.html"),
            caption="../workflow/report/outcomes.rst",
            category="3 Degradation",
            labels={"what": "gap and gain, interactive"},
        ),
    log:
        logs("show_outcomes"),
    benchmark:
        costs("show_outcomes")
    conda:
        "../envs/report.yaml"
    params:
        intermediates=WHOLE.intermediates,
        languages=STUDY.language_names(),
        code=code_of("show_outcomes"),
    message:
        "Drawing the interactive heat map"
    script:
        "../workflow/scripts/show_outcomes.py"


rule plot_similarity:
    """Heat map of the headline measure: intermediates by languages, a panel per target."""
    input:
        tables=expand(SIMILARITY, measure=config["similarity"]["headline"], model=GRID.models),
    output:
        figure=report(
            figure("similarity.svg"),
            caption="../workflow/report/similarity.rst",
            category="4 Similarity",
            labels={"what": "the measure of the answer, every cell"},
        ),
        data=figure("similarity.csv"),
    log:
        logs("plot_similarity"),
    benchmark:
        costs("plot_similarity")
    conda:
        "../envs/report.yaml"
    params:
        intermediates=GRID.trained_intermediates(),
        languages=STUDY.language_names(),
        code=code_of("plot_similarity", measures=[config["similarity"]["headline"]]),
    message:
        "Plotting similarity"
    script:
        "../workflow/scripts/plot_similarity.py"


rule plot_overview:
    """Heat maps of all measures: intermediates by languages, a panel per measure."""
    input:
        tables=similarity_files(),
    output:
        figure=report(
            figure("overview.svg"),
            caption="../workflow/report/overview.rst",
            category="4 Similarity",
            labels={"what": "all measures, every cell"},
        ),
        data=figure("overview.csv"),
    log:
        logs("plot_overview"),
    benchmark:
        costs("plot_overview")
    conda:
        "../envs/report.yaml"
    params:
        intermediates=GRID.trained_intermediates(),
        languages=STUDY.language_names(),
        code=code_of("plot_overview"),
    message:
        "Plotting all measures"
    script:
        "../workflow/scripts/plot_overview.py"


rule plot_agreement:
    """Which languages, and which intermediates, fail on the same examples."""
    input:
        agreement=AGREEMENT,
    output:
        figure=report(
            figure("agreement.svg"),
            caption="../workflow/report/agreement.rst",
            category="3 Degradation",
            labels={"what": "which fail on the same examples"},
        ),
        data=figure("agreement.csv"),
    log:
        logs("plot_agreement"),
    benchmark:
        costs("plot_agreement")
    conda:
        "../envs/report.yaml"
    params:
        languages=STUDY.language_names(),
        code=code_of("plot_agreement"),
    message:
        "Plotting which fail on the same examples"
    script:
        "../workflow/scripts/plot_agreement.py"


rule plot_measures:
    """How the measures correlate with one another, and with themselves at other layers."""
    input:
        tables=similarity_files(),
    output:
        figure=report(
            figure("measures.svg"),
            caption="../workflow/report/measures.rst",
            category="4 Similarity",
            labels={"what": "agreement of the measures, and over layers"},
        ),
        data=figure("measures.csv"),
    log:
        logs("plot_measures"),
    benchmark:
        costs("plot_measures")
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_measures"),
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
            figure("scatter.svg"),
            caption="../workflow/report/scatter.rst",
            category="1 Answer",
            labels={"what": "similarity against loss"},
        ),
        data=figure("scatter.csv"),
    log:
        logs("plot_scatter"),
    benchmark:
        costs("plot_scatter")
    conda:
        "../envs/report.yaml"
    params:
        headline=config["similarity"]["headline"],
        degradation=STUDY.specification(),
        languages=STUDY.language_names(),
        code=code_of("plot_scatter"),
    message:
        "Plotting similarity against the outcome"
    script:
        "../workflow/scripts/plot_scatter.py"


rule show_scatter:
    """Similarity against the outcome, to point at."""
    input:
        data=rules.plot_scatter.output.data,
    output:
        page=report(
            figure("scatter.html"),
            caption="../workflow/report/scatter_page.rst",
            category="1 Answer",
            labels={"what": "similarity against loss, interactive"},
        ),
    log:
        logs("show_scatter"),
    benchmark:
        costs("show_scatter")
    conda:
        "../envs/report.yaml"
    params:
        headline=config["similarity"]["headline"],
        outcome=config["degradation"]["outcome"],
        languages=STUDY.language_names(),
        code=code_of("show_scatter"),
    message:
        "Drawing the interactive scatter"
    script:
        "../workflow/scripts/show_scatter.py"


rule plot_effects:
    """The fitted effects of all measures, beside the planted truth where there is one."""
    input:
        effects=EFFECTS,
    output:
        figure=report(
            figure("effects.svg"),
            caption="../workflow/report/effects.rst",
            category="1 Answer",
            labels={"what": "slope of every measure"},
        ),
        data=figure("effects.csv"),
    log:
        logs("plot_effects"),
    benchmark:
        costs("plot_effects")
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_effects"),
    message:
        "Plotting effects"
    script:
        "../workflow/scripts/plot_effects.py"


rule plot_headline:
    """The slopes of the measure that the answer is given for."""
    input:
        effects=EFFECTS,
    output:
        figure=figure("headline.svg"),
        data=figure("headline.csv"),
    log:
        logs("plot_headline"),
    benchmark:
        costs("plot_headline")
    conda:
        "../envs/report.yaml"
    params:
        headline=config["similarity"]["headline"],
        code=code_of("plot_headline"),
    message:
        "Plotting the answer"
    script:
        "../workflow/scripts/plot_headline.py"


rule plot_sensitivity:
    """The slopes of the headline under every variant, with their intervals."""
    input:
        sensitivity=SENSITIVITY,
    output:
        figure=report(
            figure("sensitivity.svg"),
            caption="../workflow/report/sensitivity.rst",
            category="2 Robustness",
            labels={"what": "the answer under other outcomes, data and methods"},
        ),
        data=figure("sensitivity.csv"),
    log:
        logs("plot_sensitivity"),
    benchmark:
        costs("plot_sensitivity")
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_sensitivity"),
    message:
        "Plotting robustness"
    script:
        "../workflow/scripts/plot_sensitivity.py"


rule plot_held_out:
    """How well what was left out was predicted."""
    input:
        held_out=HELD_OUT,
        skill=SKILL,
    output:
        figure=report(
            figure("held_out.svg"),
            caption="../workflow/report/held_out.rst",
            category="2 Robustness",
            labels={"what": "prediction of what was left out"},
        ),
        data=figure("held_out.csv"),
    log:
        logs("plot_held_out"),
    benchmark:
        costs("plot_held_out")
    conda:
        "../envs/report.yaml"
    params:
        languages=STUDY.language_names(),
        code=code_of("plot_held_out"),
    message:
        "Plotting held-out prediction"
    script:
        "../workflow/scripts/plot_held_out.py"


rule plot_random_effects:
    """What is predicted of each language, target and intermediate."""
    input:
        random_effects=RANDOM_EFFECTS,
    output:
        figure=report(
            figure("random_effects.svg"),
            caption="../workflow/report/random_effects.rst",
            category="2 Robustness",
            labels={"what": "effects of languages, targets and intermediates"},
        ),
        data=figure("random_effects.csv"),
    log:
        logs("plot_random_effects"),
    benchmark:
        costs("plot_random_effects")
    conda:
        "../envs/report.yaml"
    params:
        outcome=config["degradation"]["outcome"],
        languages=STUDY.language_names(),
        code=code_of("plot_random_effects"),
    message:
        "Plotting random effects"
    script:
        "../workflow/scripts/plot_random_effects.py"


rule plot_training:
    """The loss of every training, a panel per training set, a line per intermediate."""
    input:
        waits_for=[training["checkpoint"] for training in trainings()],
    output:
        figure=report(
            figure("training.svg"),
            caption="../workflow/report/training.rst",
            category="6 Training",
            labels={"what": "training loss"},
        ),
        data=figure("training.csv"),
    log:
        logs("plot_training"),
    benchmark:
        costs("plot_training")
    conda:
        "../envs/report.yaml"
    params:
        trainings=list(trainings()),
        intermediates=GRID.intermediates,
        code=code_of("plot_training"),
    message:
        "Plotting training"
    script:
        "../workflow/scripts/plot_training.py"


rule plot_cost:
    """Hours of the stages, and bytes."""
    input:
        cells=CELLS,
        waits_for=[ANSWER, CLAIMS, SENSITIVITY, SKILL],
    output:
        figure=report(
            figure("cost.svg"),
            caption="../workflow/report/cost.rst",
            category="7 Cost and provenance",
            labels={"what": "hours and bytes"},
        ),
        data=figure("cost.csv"),
    log:
        logs("plot_cost"),
    benchmark:
        costs("plot_cost")
    conda:
        "../envs/report.yaml"
    params:
        code=code_of("plot_cost"),
    message:
        "Adding up costs"
    script:
        "../workflow/scripts/plot_cost.py"
