"""Similarity between every intermediate task and every (target, language).

REQUIRED INPUTS: encoded texts, a pretrained model.
OUTPUTS: vectors a task, computed once; one table a measure.
"""


rule embed_texts:
    """Mean-pooled vectors of a task's texts, through the pretrained encoder."""
    input:
        pretrained=PRETRAINED,
        encoded=ENCODED,
    output:
        EMBEDDED,
    log:
        f"{LOGS}/embed_texts/{{part}}/{{model}}/{{task}}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=16000,
        runtime=120,
    params:
        layer=model_layer,
        texts=config["similarity"]["texts"],
        batch_tokens=config["evaluation"]["batch_tokens"],
        precision=config["evaluation"]["precision"],
        code=code_digest("embeddings.py", "vectors.py", *ENCODER_MODULES),
    message:
        "Embedding {wildcards.task} ({wildcards.part}) with {wildcards.model}"
    script:
        "../workflow/scripts/embed_texts.py"


rule measure_similarity:
    """One measure between every intermediate and every (target, language)."""
    input:
        sources=source_vectors,
        targets=target_vectors,
    output:
        SIMILARITY,
    log:
        f"{LOGS}/measure_similarity/{{measure}}/{{model}}.log",
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        layer=model_layer,
        intermediates=GRID.trained_intermediates(),
        source_tasks=source_tasks(),
        target_tasks=GRID.targets,
        languages=GRID.languages,
        code=measure_code,
    message:
        "Measuring {wildcards.measure} with {wildcards.model}"
    script:
        "../workflow/scripts/measure_similarity.py"
