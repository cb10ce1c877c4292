"""Degradation: the cell table, the mixed models, the world's truth, the answer in words.

REQUIRED INPUTS: score files, similarity tables.
OUTPUTS: cells.parquet, effects.parquet, truth.parquet (embedded world only), answer.txt.
"""


rule collect_cells:
    """All score files as one table, with the transfer gap."""
    input:
        score_files(),
    output:
        CELLS,
    log:
        f"{LOGS}/collect_cells.log",
    conda:
        "../envs/stats.yaml"
    params:
        code=code_digest("degradation/outcomes.py"),
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
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
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
        EFFECTS,
    log:
        f"{LOGS}/fit_degradation.log",
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        headline=config["similarity"]["headline"],
        code=code_digest("degradation", "measuring.py"),
    message:
        "Fitting degradation models"
    script:
        "../workflow/scripts/fit_degradation.py"


rule write_answer:
    """The answer in words."""
    input:
        EFFECTS,
    output:
        report(
            ANSWER,
            caption="../workflow/report/answer.rst",
            category="1 Answer",
            labels={"what": "the answer in words"},
        ),
    log:
        f"{LOGS}/write_answer.log",
    conda:
        "../envs/stats.yaml"
    params:
        headline=config["similarity"]["headline"],
        code=code_digest("degradation/answer.py"),
    message:
        "Writing the answer"
    script:
        "../workflow/scripts/write_answer.py"
