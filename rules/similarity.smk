"""Similarity between every intermediate task and every (target, language).

REQUIRED INPUTS: encoded texts, a pretrained model; for measures of tasks, checkpoints.
OUTPUTS: vectors and subwords of every task, computed once; the space that all texts share;
dev features and Fisher diagonals of checkpoints; one table per measure.
"""


rule embed_texts:
    """A task's texts through the pretrained encoder: mean-pooled vectors, and single tokens."""
    input:
        pretrained=PRETRAINED,
        encoded=ENCODED,
    output:
        vectors=EMBEDDED,
        tokens=TOKENS,
    log:
        logs("embed_texts/{part}/{model}/{task}"),
    benchmark:
        costs("embed_texts/{part}/{model}/{task}")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=prediction_memory,
        runtime=growing(120),
    params:
        sides=["text"],
        layers=config["similarity"]["layers"],
        default_layer=lambda wildcards: model_row(wildcards).layer,
        texts=config["similarity"]["texts"],
        batch_tokens=config["evaluation"]["batch_tokens"],
        precision=config["evaluation"]["precision"],
        code=code_of("embed_texts", tasks=task_of),
    message:
        "Embedding {wildcards.task} ({wildcards.part}) with {wildcards.model}"
    script:
        "../workflow/scripts/embed_texts.py"


# Mean-pooled vectors of translations, both sides.
use rule embed_texts as embed_parallel with:
    input:
        pretrained=PRETRAINED,
        encoded=lambda wildcards: ENCODED.format(
            part="test", model=wildcards.model, task=GRID.parallel
        ),
    output:
        vectors=PARALLEL,
    log:
        logs("embed_parallel/{model}"),
    benchmark:
        costs("embed_parallel/{model}")
    params:
        sides=["text", "english"],
        code=code_of("embed_texts", tasks=lambda wildcards: [GRID.parallel]),
    message:
        "Embedding parallel text with {wildcards.model}"


rule count_subwords:
    """The subwords of the texts that embed_texts embeds."""
    input:
        pretrained=PRETRAINED,
        encoded=ENCODED,
    output:
        subwords=SUBWORDS,
    log:
        logs("count_subwords/{part}/{model}/{task}"),
    benchmark:
        costs("count_subwords/{part}/{model}/{task}")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        texts=config["similarity"]["texts"],
        code=code_of("count_subwords", tasks=task_of),
    message:
        "Counting subwords of {wildcards.task} ({wildcards.part}) with {wildcards.model}"
    script:
        "../workflow/scripts/count_subwords.py"


rule project_texts:
    """The space that the texts of all tasks share, and each text's coordinates in it."""
    input:
        waits_for=files_of(embedding_tables),
    output:
        coordinates=COORDINATES,
    log:
        logs("project_texts/{model}"),
    benchmark:
        costs("project_texts/{model}")
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        tables=embedding_tables,
        code=code_of("project_texts"),
    message:
        "Placing the texts of {wildcards.model} in one space"
    script:
        "../workflow/scripts/project_texts.py"


rule compute_features:
    """English dev examples of the targets' training sets as features, after an intermediate."""
    input:
        checkpoint=dev_checkpoint,
        weights=weights_behind(dev_checkpoint),
        waits_for=files_of(dev_parts),
    output:
        features=FEATURES,
    log:
        logs("compute_features/{model}/{intermediate}"),
    benchmark:
        costs("compute_features/{model}/{intermediate}")
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
        code=code_of("compute_features", tasks=[*dev_tasks(), *GRID.recipe_tasks()]),
    message:
        "Reading features of dev examples with {wildcards.model} after {wildcards.intermediate}"
    script:
        "../workflow/scripts/compute_features.py"


rule compute_fisher:
    """The Fisher diagonal of a trained network over its own training examples."""
    input:
        checkpoint=fisher_checkpoint,
        weights=weights_behind(fisher_checkpoint),
        parts=fisher_parts,
    output:
        fisher=FISHER,
    log:
        logs("compute_fisher/{model}/{intermediate}/{training_set}"),
    benchmark:
        costs("compute_fisher/{model}/{intermediate}/{training_set}")
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=training_memory,
        runtime=growing(60),
    params:
        code=code_of("compute_fisher", tasks=fisher_tasks),
    message:
        "Computing the Fisher diagonal of {wildcards.model} after {wildcards.intermediate}, {wildcards.training_set}"
    script:
        "../workflow/scripts/compute_fisher.py"


rule measure_similarity:
    """One measure between every intermediate and every (target, language)."""
    input:
        waits_for=files_of(measure_inputs),
    output:
        table=SIMILARITY,
    log:
        logs("measure_similarity/{measure}/{model}"),
    benchmark:
        costs("measure_similarity/{measure}/{model}")
    conda:
        "../envs/stats.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        intermediates=GRID.trained_intermediates(),
        targets=GRID.targets,
        languages=GRID.languages,
        known=lambda wildcards: STUDY.language_facts(wildcards.model),
        resamples=config["similarity"]["resamples"],
        files=measure_inputs,
        code=code_of("measure_similarity", measures=lambda wildcards: [wildcards.measure]),
    message:
        "Measuring {wildcards.measure} with {wildcards.model}"
    script:
        "../workflow/scripts/measure_similarity.py"
