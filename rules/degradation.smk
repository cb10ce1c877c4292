"""Degradation: the cell table, the mixed models, held-out prediction, claims, the answer in words.

REQUIRED INPUTS: score files, similarity tables.
OUTPUTS: cells.parquet, missing.csv, effects.parquet, variances.parquet,
random_effects.parquet, nested.csv, diagnostics.csv,
sensitivity.csv, held_out.parquet, skill.csv, claims.csv, truth.parquet (embedded world only), answer.txt.
"""


rule collect_cells:
    """All score files as one table, with the transfer gap; and the cells that there are none of."""
    input:
        scores=score_files,
        leaks=LEAKS,
    output:
        cells=CELLS,
        missing=MISSING,
    log:
        f"{LOGS}/collect_cells.log",
    benchmark:
        f"{COSTS}/collect_cells.tsv"
    conda:
        "../envs/stats.yaml"
    params:
        axes=WHOLE.axes,
        code=code_digest("degradation/outcomes.py", "degradation/missing_cells.py"),
    message:
        "Collecting cells"
    script:
        "../workflow/scripts/collect_cells.py"


rule measure_truth:
    """The gap that the embedded world's alignments alone bring about."""
    input:
        truth_inputs,
    output:
        TRUTH,
    log:
        f"{LOGS}/measure_truth/{{model}}.log",
    benchmark:
        f"{COSTS}/measure_truth/{{model}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        world=config["world"],
        checkpoints=truth_cells,
        languages=GRID.languages,
        batch_tokens=config["evaluation"]["batch_tokens"],
        precision=config["evaluation"]["precision"],
        code=code_digest("world", *EVALUATION_MODULES),
    message:
        "Measuring the planted truth for {wildcards.model}"
    script:
        "../workflow/scripts/measure_truth.py"


rule fit_degradation:
    """The mixed model of the gap on every similarity measure."""
    input:
        cells=CELLS,
        similarity=similarity_files(),
        truth=truth_files(),
    output:
        effects=EFFECTS,
        variances=VARIANCES,
        random_effects=RANDOM_EFFECTS,
        nested=NESTED,
        diagnostics=DIAGNOSTICS,
    log:
        f"{LOGS}/fit_degradation.log",
    benchmark:
        f"{COSTS}/fit_degradation.tsv"
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        headline=config["similarity"]["headline"],
        degradation=vars(specification(config)),
        code=code_digest(*FITTING_MODULES),
    message:
        "Fitting degradation models"
    script:
        "../workflow/scripts/fit_degradation.py"


rule check_sensitivity:
    """The headline's slopes under other outcomes, data and methods."""
    input:
        cells=CELLS,
        similarity=similarity_files(),
    output:
        SENSITIVITY,
    log:
        f"{LOGS}/check_sensitivity.log",
    benchmark:
        f"{COSTS}/check_sensitivity.tsv"
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        headline=config["similarity"]["headline"],
        degradation=vars(specification(config)),
        resamples=config["degradation"]["resamples"],
        code=code_digest(*FITTING_MODULES, "degradation/sensitivity.py"),
    message:
        "Checking the robustness of the answer"
    script:
        "../workflow/scripts/check_sensitivity.py"


rule predict_held_out:
    """Predictions of every language, family, target and intermediate that is left out once."""
    input:
        cells=CELLS,
        similarity=similarity_files(),
    output:
        predictions=HELD_OUT,
        skill=SKILL,
    log:
        f"{LOGS}/predict_held_out.log",
    benchmark:
        f"{COSTS}/predict_held_out.tsv"
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        headline=config["similarity"]["headline"],
        degradation=vars(specification(config)),
        families=language_families(config),
        code=code_digest(*FITTING_MODULES, "degradation/held_out.py", "degradation/kriging.py"),
    message:
        "Predicting what is left out"
    script:
        "../workflow/scripts/predict_held_out.py"


rule check_claims:
    """The claims of Phang et al. 2020, and the question's own, on these cells."""
    input:
        cells=CELLS,
        effects=EFFECTS,
    output:
        CLAIMS,
    log:
        f"{LOGS}/check_claims.log",
    benchmark:
        f"{COSTS}/check_claims.tsv"
    conda:
        "../envs/stats.yaml"
    params:
        headline=config["similarity"]["headline"],
        models={name: model.path for name, model in GRID.models.items()},
        code=code_digest(
            "degradation/claims.py",
            "degradation/gains.py",
            "models.py",
            "recipes.py",
            "tasks",
        ),
    message:
        "Checking claims"
    script:
        "../workflow/scripts/check_claims.py"


rule write_answer:
    """The answer in words."""
    input:
        effects=EFFECTS,
        missing=MISSING,
    output:
        ANSWER,
    log:
        f"{LOGS}/write_answer.log",
    benchmark:
        f"{COSTS}/write_answer.tsv"
    conda:
        "../envs/stats.yaml"
    params:
        axes=WHOLE.axes,
        headline=config["similarity"]["headline"],
        code=code_digest("degradation/answer.py", "degradation/missing_cells.py"),
    message:
        "Writing the answer"
    script:
        "../workflow/scripts/write_answer.py"
