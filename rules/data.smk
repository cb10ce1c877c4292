"""Data and models, fetched where there is network, then encoded once.

REQUIRED INPUTS: none; the hub, local files (config `data`, `model_table`) or the embedded world.
OUTPUTS: canonical examples, token ids, and pretrained models, each with a small manifest.
"""


rule fetch_task:
    """Canonical examples of a task: to train on (English; texts alone in all languages) or to test."""
    output:
        DATA,
    log:
        f"{LOGS}/fetch_task/{{part}}/{{task}}.log",
    benchmark:
        f"{COSTS}/fetch_task/{{part}}/{{task}}.tsv"
    wildcard_constraints:
        part="train|test",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        languages=fetched_languages,
        source=task_source,
        world=config["world"],
        commits=task_commits,
        limits=config["examples"],
        state=local_data_state,
        code=fetch_code,
    message:
        "Fetching {wildcards.task} ({wildcards.part})"
    script:
        "../workflow/scripts/fetch_task.py"


rule check_recipes:
    """Whether what any recipe of phase two trains on holds a target's test texts."""
    input:
        trained=recipe_data(),
        tested=data_manifests("test"),
    output:
        LEAKS,
    log:
        f"{LOGS}/check_recipes.log",
    benchmark:
        f"{COSTS}/check_recipes.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code_digest("data/plausibility.py", "kinds"),
    message:
        "Looking for test texts in what recipes train on"
    script:
        "../workflow/scripts/check_recipes.py"


rule fetch_model:
    """A pretrained encoder as the root of the checkpoint tree."""
    output:
        PRETRAINED,
    log:
        f"{LOGS}/fetch_model/{{model}}.log",
    benchmark:
        f"{COSTS}/fetch_model/{{model}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        path=model_path,
        revision=model_revision,
        lora=model_lora,
        world=config["world"],
        state=local_model_state,
        code=code_digest("world", "data/pretrained.py"),
    message:
        "Fetching model {wildcards.model}"
    script:
        "../workflow/scripts/fetch_model.py"


rule fetch_translator:
    """The model that translates into a language."""
    output:
        TRANSLATOR,
    log:
        f"{LOGS}/fetch_translator/{{language}}.log",
    benchmark:
        f"{COSTS}/fetch_translator/{{language}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        path=translator_path,
        revision=translator_revision,
        lora=None,
        world=None,
        state=local_translator_state,
        code=code_digest("data/pretrained.py"),
    message:
        "Fetching the translator into {wildcards.language}"
    script:
        "../workflow/scripts/fetch_model.py"


rule translate_task:
    """A task's training data in other languages, for recipes that end in -mt."""
    input:
        data=translated_data,
        translators=translators,
    output:
        DATA,
    log:
        f"{LOGS}/translate_task/{{part}}/{{task}}.log",
    benchmark:
        f"{COSTS}/translate_task/{{part}}/{{task}}.tsv"
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
        languages=GRID.translated_languages,
        codes=config["translation"]["codes"],
        source=translation_source,
        world=config["world"],
        limits=config["examples"],
        state=translated_files_state,
        code=translate_code,
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
        ENCODED,
    log:
        f"{LOGS}/encode_task/{{part}}/{{model}}/{{task}}.log",
    benchmark:
        f"{COSTS}/encode_task/{{part}}/{{model}}/{{task}}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        max_length=encoded_length,
        code=encode_code,
    message:
        "Encoding {wildcards.task} ({wildcards.part}) for {wildcards.model}"
    script:
        "../workflow/scripts/encode_task.py"
