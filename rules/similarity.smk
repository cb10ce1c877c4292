"""Similarity between every intermediate task and every (target, language).

REQUIRED INPUTS: encoded texts, a pretrained model; for measures of tasks, checkpoints.
OUTPUTS: vectors and subword pieces a task, computed once; the space that all texts share; dev
features and Fisher diagonals of checkpoints; one table a measure.
"""


rule embed_texts:
    """Mean-pooled vectors of a task's texts at every layer, through the pretrained encoder."""
    input:
        pretrained=PRETRAINED,
        encoded=ENCODED,
    output:
        EMBEDDED,
    log:
        f"{LOGS}/embed_texts/{{part}}/{{model}}/{{task}}.log",
    benchmark:
        f"{COSTS}/embed_texts/{{part}}/{{model}}/{{task}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=prediction_memory,
        runtime=growing(120),
    params:
        layers=config["similarity"]["layers"],
        own=model_layer,
        texts=config["similarity"]["texts"],
        batch_tokens=config["evaluation"]["batch_tokens"],
        precision=config["evaluation"]["precision"],
        code=code_digest(*EMBEDDING_MODULES),
    message:
        "Embedding {wildcards.task} ({wildcards.part}) with {wildcards.model}"
    script:
        "../workflow/scripts/embed_texts.py"


rule embed_parallel:
    """Mean-pooled vectors of translations, both sides, through the pretrained encoder."""
    input:
        pretrained=PRETRAINED,
        encoded=parallel_data,
    output:
        PARALLEL,
    log:
        f"{LOGS}/embed_parallel/{{model}}.log",
    benchmark:
        f"{COSTS}/embed_parallel/{{model}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=prediction_memory,
        runtime=growing(120),
    params:
        layers=config["similarity"]["layers"],
        own=model_layer,
        texts=config["similarity"]["texts"],
        batch_tokens=config["evaluation"]["batch_tokens"],
        precision=config["evaluation"]["precision"],
        code=code_digest(*EMBEDDING_MODULES),
    message:
        "Embedding parallel text with {wildcards.model}"
    script:
        "../workflow/scripts/embed_parallel.py"


rule count_pieces:
    """The subword pieces of the texts that embed_texts embeds."""
    input:
        pretrained=PRETRAINED,
        encoded=ENCODED,
    output:
        PIECES,
    log:
        f"{LOGS}/count_pieces/{{part}}/{{model}}/{{task}}.log",
    benchmark:
        f"{COSTS}/count_pieces/{{part}}/{{model}}/{{task}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        texts=config["similarity"]["texts"],
        code=code_digest("similarity/subwords.py", "similarity/subword_counts.py", "data/encode.py", "encoder/encoded_rows.py"),
    message:
        "Counting pieces of {wildcards.task} ({wildcards.part}) with {wildcards.model}"
    script:
        "../workflow/scripts/count_pieces.py"


rule project_texts:
    """The space that the texts of all tasks share, and each text's coordinates in it."""
    input:
        embedding_files,
    output:
        COORDINATES,
    log:
        f"{LOGS}/project_texts/{{model}}.log",
    benchmark:
        f"{COSTS}/project_texts/{{model}}.tsv"
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        tables=embedding_tables,
        code=code_digest("similarity/projection.py", "similarity/text_set.py", "similarity/vector_table.py", "encoder/encoded_rows.py"),
    message:
        "Placing the texts of {wildcards.model} in one space"
    script:
        "../workflow/scripts/project_texts.py"


rule embed_dev:
    """English dev examples of the targets' training sets as features, after an intermediate."""
    input:
        checkpoint=dev_checkpoint,
        weights=weights_behind(dev_checkpoint),
        parts=dev_files,
    output:
        FEATURES,
    log:
        f"{LOGS}/embed_dev/{{model}}/{{intermediate}}.log",
    benchmark:
        f"{COSTS}/embed_dev/{{model}}/{{intermediate}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=prediction_memory,
        runtime=growing(60),
    params:
        parts=dev_parts,
        batch_tokens=config["evaluation"]["batch_tokens"],
        precision=config["evaluation"]["precision"],
        code=code_digest(*SCORING_MODULES, "similarity/features.py", "similarity/vector_table.py"),
    message:
        "Embedding dev examples with {wildcards.model} after {wildcards.intermediate}"
    script:
        "../workflow/scripts/embed_dev.py"


rule embed_task:
    """The Fisher diagonal of a trained network over its own training examples."""
    input:
        checkpoint=embedded_network,
        weights=weights_behind(embedded_network),
        parts=embedded_parts,
    output:
        FISHER,
    log:
        f"{LOGS}/embed_task/{{model}}/{{intermediate}}/{{training}}.log",
    benchmark:
        f"{COSTS}/embed_task/{{model}}/{{intermediate}}/{{training}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=training_memory,
        runtime=growing(60),
    params:
        code=code_digest(*SCORING_MODULES, "similarity/fisher.py", "similarity/vector_table.py"),
    message:
        "Embedding the task of {wildcards.model} after {wildcards.intermediate}, {wildcards.training}"
    script:
        "../workflow/scripts/embed_task.py"


rule measure_similarity:
    """One measure between every intermediate and every (target, language)."""
    input:
        measure_files,
    output:
        SIMILARITY,
    log:
        f"{LOGS}/measure_similarity/{{measure}}/{{model}}.log",
    benchmark:
        f"{COSTS}/measure_similarity/{{measure}}/{{model}}.tsv"
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        intermediates=GRID.trained_intermediates(),
        targets=GRID.targets,
        languages=GRID.languages,
        known=known_languages,
        resamples=config["similarity"]["resamples"],
        files=measure_evidence,
        code=measure_code,
    message:
        "Measuring {wildcards.measure} with {wildcards.model}"
    script:
        "../workflow/scripts/measure_similarity.py"
