"""Similarity between every intermediate task and every (target, language).

REQUIRED INPUTS: encoded texts, a pretrained model; for measures of tasks, checkpoints.
OUTPUTS: vectors and subword pieces of every task, computed once; the space that all texts share;
dev features and Fisher diagonals of checkpoints; one table per measure.
"""


def listed(files):
    """The files of nested mappings, flat: what a rule waits for."""
    if isinstance(files, dict):
        return [path for inner in files.values() for path in listed(inner)]
    return [files] if files else []


def files_of(tables):
    """The input function of all files that another function names."""
    return lambda wildcards: listed(tables(wildcards))


def compared(pattern, wildcards):
    """A file of each task whose texts are compared, by part and task."""
    return {
        part: {task: pattern.format(part=part, task=task, model=wildcards.model) for task in names}
        for part, names in GRID.compared_tasks().items()
    }


def embedding_tables(wildcards):
    return compared(EMBEDDED, wildcards)


def first_run(pattern, wildcards):
    """A checkpoint of the grid's first seed, which is the one that measures of tasks look at."""
    return pattern.format(**{"seed": GRID.seeds[0], **dict(wildcards)})


def dev_checkpoint(wildcards):
    return first_run(INTERMEDIATE, wildcards)


def dev_tasks():
    """The tasks that targets learn from last."""
    return sorted({name.split("+")[-1] for name in GRID.training_sets()})


def dev_parts(wildcards):
    """Their encoded training sets, by task."""
    return {
        name: ENCODED.format(part="train", model=wildcards.model, task=name) for name in dev_tasks()
    }


def fisher_checkpoint(wildcards):
    """The network whose Fisher diagonal is asked for; `training` is none for phase two."""
    return first_run(INTERMEDIATE if wildcards.training_set == "none" else TUNED, wildcards)


def fisher_tasks(wildcards):
    if wildcards.training_set == "none":
        return recipe_tasks(wildcards)
    return chain_tasks(wildcards)[-1:]


def fisher_parts(wildcards):
    if wildcards.training_set == "none":
        return recipe_parts(wildcards)
    return encoded_training(wildcards.model, fisher_tasks(wildcards))


def fisher_tables(wildcards):
    model = wildcards.model
    return {
        "intermediate": {
            name: FISHER.format(model=model, intermediate=name, training_set="none")
            for name in GRID.trained_intermediates()
        },
        "training_set": {
            name: FISHER.format(model=model, intermediate="none", training_set=name)
            for name in (GRID.training_sets() if "none" in GRID.intermediates else [])
        },
    }


def feature_tables(wildcards):
    return {
        name: FEATURES.format(model=wildcards.model, intermediate=name)
        for name in GRID.trained_intermediates()
    }


def measure_inputs(wildcards):
    """The files that a measure reads."""
    by_reads = {
        "features": feature_tables(wildcards),
        "fisher": fisher_tables(wildcards),
        "texts": COORDINATES.format(model=wildcards.model),
        "pieces": compared(PIECES, wildcards),
        "parallel": PARALLEL.format(model=wildcards.model) if GRID.parallel_languages else None,
    }
    return by_reads.get(measures()[wildcards.measure].reads)


rule embed_texts:
    """Mean-pooled vectors of a task's texts at every layer, through the pretrained encoder."""
    input:
        pretrained=PRETRAINED,
        encoded=ENCODED,
    output:
        vectors=EMBEDDED,
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
    """The subword pieces of the texts that embed_texts embeds."""
    input:
        pretrained=PRETRAINED,
        encoded=ENCODED,
    output:
        pieces=PIECES,
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
        "Counting pieces of {wildcards.task} ({wildcards.part}) with {wildcards.model}"
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
        "Embedding dev examples with {wildcards.model} after {wildcards.intermediate}"
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
        "Embedding the task of {wildcards.model} after {wildcards.intermediate}, {wildcards.training_set}"
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
