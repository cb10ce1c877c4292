"""Figures and tables for `snakemake --report`, each figure with the data behind it as CSV.

REQUIRED INPUTS: the tidy tables, and the training curves beside the checkpoints.
OUTPUTS: figures/NAME.svg and figures/NAME.csv; benchmark.csv.
"""


rule plot_degradation:
    """Heat map of the transfer gap: intermediates by languages, a panel a target."""
    input:
        CELLS,
    output:
        figure=report(
            f"{FIGURES}/degradation.svg",
            caption="../workflow/report/degradation.rst",
            category="2 Degradation",
            labels={"figure": "transfer gap by intermediate and language"},
        ),
        data=f"{FIGURES}/degradation.csv",
    log:
        f"{LOGS}/plot_degradation.log",
    benchmark:
        f"{COSTS}/plot_degradation.tsv"
    conda:
        "../envs/report.yaml"
    params:
        intermediates=GRID.intermediates,
        languages=language_names(config),
        code=code_digest("figures.py"),
    message:
        "Plotting degradation"
    script:
        "../workflow/scripts/plot_degradation.py"


rule plot_similarity:
    """Heat map of the headline measure: intermediates by languages, a panel a target."""
    input:
        expand(SIMILARITY, measure=config["similarity"]["headline"], model=GRID.models),
    output:
        figure=report(
            f"{FIGURES}/similarity.svg",
            caption="../workflow/report/similarity.rst",
            category="3 Similarity",
            labels={"figure": "similarity by intermediate and language"},
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
        code=code_digest("figures.py", "measuring.py"),
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
            category="3 Similarity",
            labels={"figure": "all measures"},
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
        code=code_digest("figures.py", "measuring.py"),
    message:
        "Plotting all measures"
    script:
        "../workflow/scripts/plot_overview.py"


rule plot_measures:
    """How the measures correlate with one another, a panel a layer."""
    input:
        similarity_files(),
    output:
        figure=report(
            f"{FIGURES}/measures.svg",
            caption="../workflow/report/measures.rst",
            category="3 Similarity",
            labels={"figure": "agreement of the measures, by layer"},
        ),
        data=f"{FIGURES}/measures.csv",
    log:
        f"{LOGS}/plot_measures.log",
    benchmark:
        f"{COSTS}/plot_measures.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("figures.py", "measuring.py"),
    message:
        "Plotting the agreement of measures"
    script:
        "../workflow/scripts/plot_measures.py"


rule plot_effects:
    """The fitted effects with their intervals, beside the planted truth where there is one."""
    input:
        EFFECTS,
    output:
        figure=report(
            f"{FIGURES}/effects.svg",
            caption="../workflow/report/effects.rst",
            category="1 Answer",
            labels={"what": "effect of similarity, by level"},
        ),
        data=f"{FIGURES}/effects.csv",
    log:
        f"{LOGS}/plot_effects.log",
    benchmark:
        f"{COSTS}/plot_effects.tsv"
    conda:
        "../envs/stats.yaml"
    params:
        code=code_digest("figures.py", "degradation/figures.py", "similarity/__init__.py"),
    message:
        "Plotting effects"
    script:
        "../workflow/scripts/plot_effects.py"


rule plot_sensitivity:
    """The slopes of the headline under every variant, with their intervals."""
    input:
        SENSITIVITY,
    output:
        figure=report(
            f"{FIGURES}/sensitivity.svg",
            caption="../workflow/report/sensitivity.rst",
            category="1 Answer",
            labels={"what": "robustness of the answer"},
        ),
        data=f"{FIGURES}/sensitivity.csv",
    log:
        f"{LOGS}/plot_sensitivity.log",
    benchmark:
        f"{COSTS}/plot_sensitivity.tsv"
    conda:
        "../envs/stats.yaml"
    params:
        code=code_digest("figures.py", "degradation/figures.py", "similarity/__init__.py"),
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
            category="1 Answer",
            labels={"what": "held-out prediction"},
        ),
        data=f"{FIGURES}/held_out.csv",
    log:
        f"{LOGS}/plot_held_out.log",
    benchmark:
        f"{COSTS}/plot_held_out.tsv"
    conda:
        "../envs/stats.yaml"
    params:
        code=code_digest("figures.py", "degradation/figures.py", "similarity/__init__.py"),
    message:
        "Plotting held-out prediction"
    script:
        "../workflow/scripts/plot_held_out.py"


rule plot_training:
    """The loss of every training, a panel a training set, a line an intermediate."""
    input:
        [training["checkpoint"] for training in trainings()],
    output:
        figure=report(
            f"{FIGURES}/training.svg",
            caption="../workflow/report/training.rst",
            category="5 Training",
            labels={"figure": "training loss by training set and intermediate"},
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
        code=code_digest("figures.py", "curves.py"),
    message:
        "Plotting training"
    script:
        "../workflow/scripts/plot_training.py"


rule summarise_benchmark:
    """A score a target, the plain mean over its languages, and the mean over targets."""
    input:
        CELLS,
    output:
        report(
            BENCHMARK,
            caption="../workflow/report/benchmark.rst",
            category="4 Scores",
            labels={"table": "score by target, mean over languages"},
        ),
    log:
        f"{LOGS}/summarise_benchmark.log",
    benchmark:
        f"{COSTS}/summarise_benchmark.tsv"
    conda:
        "../envs/report.yaml"
    params:
        code=code_digest("benchmark.py"),
    message:
        "Summarising scores by target"
    script:
        "../workflow/scripts/summarise_benchmark.py"
