"""Degradation: the cell table, the mixed models, held-out prediction, claims, the answer in words.

REQUIRED INPUTS: score files, similarity tables.
OUTPUTS: cells.parquet, missing.csv, agreement.parquet, effects.parquet, variances.parquet,
random_effects.parquet, nested.csv, diagnostics.csv,
sensitivity.csv, held_out.parquet, skill.csv, claims.csv, truth.parquet (invented data only), answer.txt.
"""


rule collect_cells:
    """All score files as one table, with the transfer gap; the cells that there are none of; and

    which languages and intermediates fail on the same examples.
    """
    input:
        scores=score_files,
        leaks=LEAKS,
    output:
        cells=CELLS,
        missing=MISSING,
        agreement=AGREEMENT,
    log:
        logs("collect_cells"),
    benchmark:
        costs("collect_cells")
    conda:
        "../envs/stats.yaml"
    params:
        axes=WHOLE.axes,
        factors=STUDY.language_factors(),
        code=code_of("collect_cells"),
    message:
        "Collecting cells"
    script:
        "../workflow/scripts/collect_cells.py"


rule measure_truth:
    """The gap that the invented world's alignments alone bring about."""
    input:
        world=str(config["truth"]),
        waits_for=truth_inputs,
    output:
        truth=TRUTH,
    log:
        logs("measure_truth/{model}"),
    benchmark:
        costs("measure_truth/{model}")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        checkpoints=truth_cells,
        languages=GRID.languages,
        batch_tokens=config["evaluation"]["batch_tokens"],
        precision=config["evaluation"]["precision"],
        code=code_of("measure_truth"),
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
        logs("fit_degradation"),
    benchmark:
        costs("fit_degradation")
    conda:
        "../envs/stats.yaml"
    threads: 2
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        headline=config["similarity"]["headline"],
        degradation=STUDY.specification(),
        code=code_of("fit_degradation"),
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
        sensitivity=SENSITIVITY,
    log:
        logs("check_sensitivity"),
    benchmark:
        costs("check_sensitivity")
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        headline=config["similarity"]["headline"],
        degradation=STUDY.specification(),
        code=code_of("check_sensitivity"),
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
        logs("predict_held_out"),
    benchmark:
        costs("predict_held_out")
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        headline=config["similarity"]["headline"],
        degradation=STUDY.specification(),
        code=code_of("predict_held_out"),
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
        claims=CLAIMS,
    log:
        logs("check_claims"),
    benchmark:
        costs("check_claims")
    conda:
        "../envs/stats.yaml"
    params:
        headline=config["similarity"]["headline"],
        models={name: model.path for name, model in GRID.models.items()},
        code=code_of("check_claims"),
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
        answer=ANSWER,
    log:
        logs("write_answer"),
    benchmark:
        costs("write_answer")
    conda:
        "../envs/stats.yaml"
    params:
        axes=WHOLE.axes,
        headline=config["similarity"]["headline"],
        code=code_of("write_answer"),
    message:
        "Writing the answer"
    script:
        "../workflow/scripts/write_answer.py"
