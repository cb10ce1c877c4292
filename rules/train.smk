"""Phase two and phase three: the checkpoint tree.

REQUIRED INPUTS: encoded training sets (English, translated, texts alone), the parent checkpoint.
OUTPUTS: checkpoint.json (tracked, written last), weights.safetensors (which may be temporary) and
curve.parquet beside it.
"""

KEPT = {"none": (), "intermediate": ("intermediate",), "all": ("intermediate", "tuned")}


def weights_of(checkpoint):
    """The weights beside a manifest, or beside a pattern of manifests."""
    return checkpoint.replace("checkpoint.json", "weights.safetensors")


def kept(stage, weights):
    """Weights as an output: removed once nothing needs them, unless the config keeps the stage's."""
    return weights if stage in KEPT[config["keep_checkpoints"]] else temp(weights)


def weights_of_all(checkpoints):
    """The weights of some manifests as inputs; pretrained models have none of their own.

    Their time says nothing: the manifest holds their digest.
    """
    trained = sorted({each for each in checkpoints if not each.startswith(results("pretrained/"))})
    return [ancient(weights_of(each)) for each in trained]


def weights_behind(checkpoint):
    """The input function that names the weights of the manifest that another one names."""
    return lambda wildcards: weights_of_all([checkpoint(wildcards)])


def encoded_training(model, names, part="train"):
    return [ENCODED.format(part=part, model=model, task=name) for name in names]


def recipe_parts(wildcards):
    recipe = recipes()[wildcards.intermediate]
    part = "translated" if recipe.translated else "train"
    return encoded_training(wildcards.model, recipe.tasks, part)


def recipe_dev(wildcards):
    return encoded_training(wildcards.model, recipes()[wildcards.intermediate].tasks)


def recipe_corpus(wildcards):
    corpus = recipes()[wildcards.intermediate].corpus
    return encoded_training(wildcards.model, [corpus] if corpus else [])


def recipe_tasks(wildcards):
    recipe = recipes()[wildcards.intermediate]
    return [name for name in (*recipe.tasks, recipe.corpus) if name]


def chain_tasks(wildcards):
    return wildcards.training_set.split("+")


def chain_parts(wildcards):
    return encoded_training(wildcards.model, chain_tasks(wildcards))


def untuned_checkpoint(wildcards):
    pattern = PRETRAINED if wildcards.intermediate == "none" else INTERMEDIATE
    return pattern.format(**dict(wildcards))


rule train_intermediate:
    """Phase two: train the pretrained encoder on a recipe's tasks."""
    input:
        parent=PRETRAINED,
        parts=recipe_parts,
        dev=recipe_dev,
        corpus=recipe_corpus,
    output:
        checkpoint=INTERMEDIATE,
        weights=kept("intermediate", weights_of(INTERMEDIATE)),
    log:
        logs("train_intermediate/{model}/{intermediate}/{seed}"),
    benchmark:
        costs("train_intermediate/{model}/{intermediate}/{seed}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=training_memory,
        runtime=growing(1440),
    params:
        settings=STUDY.training_settings(),
        watched=lambda wildcards: STUDY.schedules(
            recipes()[wildcards.intermediate].tasks, "intermediate"
        ),
        code=code_of("train_intermediate", tasks=recipe_tasks),
    message:
        "Training {wildcards.model} on {wildcards.intermediate}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/train_intermediate.py"


rule finetune_target:
    """Phase three: fine-tune on a target's English training set; targets share training sets."""
    input:
        parent=untuned_checkpoint,
        weights=weights_behind(untuned_checkpoint),
        parts=chain_parts,
    output:
        checkpoint=TUNED,
        weights=kept("tuned", weights_of(TUNED)),
    log:
        logs("finetune_target/{model}/{intermediate}/{training_set}/{seed}"),
    benchmark:
        costs("finetune_target/{model}/{intermediate}/{training_set}/{seed}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=training_memory,
        runtime=growing(1440),
    params:
        settings=STUDY.training_settings(),
        watched=lambda wildcards: STUDY.schedules(chain_tasks(wildcards), "finetuning"),
        code=code_of("finetune_target", tasks=chain_tasks),
    message:
        "Fine-tuning {wildcards.model} after {wildcards.intermediate} on {wildcards.training_set}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/finetune_target.py"
