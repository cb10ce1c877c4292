"""Data and models, fetched where there is network, then encoded once.

REQUIRED INPUTS: none; the hub, or local files (config `data`, `model_table`).
OUTPUTS: canonical examples, token ids, and pretrained models, each with a small manifest.
"""


rule fetch_task:
    """Canonical examples of a task: to train on (English; texts alone in all languages) or to test."""
    output:
        manifest=DATA,
    log:
        logs("fetch_task/{part}/{task}"),
    benchmark:
        costs("fetch_task/{part}/{task}")
    wildcard_constraints:
        part="train|test",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        languages=task_languages,
        source=of_wildcards(lambda job: STUDY.source(job.task, job.part)),
        commits=of_wildcards(lambda job: STUDY.data_commits(job.task, job.part)),
        limits=config["examples"],
        watched=of_wildcards(lambda job: STUDY.data_state(job.task, job.part)),
        code=code_of("fetch_task", tasks=task_of),
    message:
        "Fetching {wildcards.task} ({wildcards.part})"
    script:
        "../workflow/scripts/fetch_task.py"


rule check_recipes:
    """Whether what any recipe of phase two trains on holds a target's test texts."""
    input:
        trained=training_data(GRID.recipe_tasks()),
        tested=data_manifests("test"),
    output:
        leaks=LEAKS,
    log:
        logs("check_recipes"),
    benchmark:
        costs("check_recipes")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code_of("check_recipes"),
    message:
        "Looking for test texts in what recipes train on"
    script:
        "../workflow/scripts/check_recipes.py"


rule fetch_model:
    """A pretrained encoder as the root of the checkpoint tree."""
    output:
        checkpoint=PRETRAINED,
    log:
        logs("fetch_model/{model}"),
    benchmark:
        costs("fetch_model/{model}")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        path=lambda wildcards: model_row(wildcards).path,
        revision=lambda wildcards: STUDY.revision(model_row(wildcards)),
        lora=lambda wildcards: model_row(wildcards).lora,
        watched=lambda wildcards: model_state(model_row(wildcards)),
        code=code_of("fetch_model"),
    message:
        "Fetching model {wildcards.model}"
    script:
        "../workflow/scripts/fetch_model.py"


use rule fetch_model as fetch_translator with:
    output:
        checkpoint=TRANSLATOR,
    log:
        logs("fetch_translator/{language}"),
    benchmark:
        costs("fetch_translator/{language}")
    params:
        path=lambda wildcards: translator_row(wildcards).path,
        revision=lambda wildcards: STUDY.revision(translator_row(wildcards)),
        lora=None,
        watched=lambda wildcards: model_state(translator_row(wildcards)),
    message:
        "Fetching the translator into {wildcards.language}"


rule translate_task:
    """A task's training data in other languages, for recipes that end in -mt."""
    input:
        english=english_data,
        translators=translators,
    output:
        manifest=DATA,
    log:
        logs("translate_task/{part}/{task}"),
    benchmark:
        costs("translate_task/{part}/{task}")
    wildcard_constraints:
        part="translated",
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(24000),
        runtime=growing(1440),
    params:
        languages=task_languages,
        codes=config["translation"]["codes"],
        source=of_wildcards(lambda job: STUDY.source(job.task, job.part)),
        limits=config["examples"],
        watched=of_wildcards(lambda job: STUDY.data_state(job.task, job.part)),
        code=code_of("translate_task", tasks=task_of),
    message:
        "Translating {wildcards.task}"
    script:
        "../workflow/scripts/translate_task.py"


rule encode_task:
    """Token ids of a task's part for a model's tokenizer."""
    input:
        data=DATA,
        pretrained=PRETRAINED,
        trained=chain_data,
    output:
        encoded=ENCODED,
    log:
        logs("encode_task/{part}/{model}/{task}"),
    benchmark:
        costs("encode_task/{part}/{model}/{task}")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        max_length=lambda wildcards: STUDY.encoded_length(wildcards.task),
        code=code_of("encode_task", tasks=task_of),
    message:
        "Encoding {wildcards.task} ({wildcards.part}) for {wildcards.model}"
    script:
        "../workflow/scripts/encode_task.py"
