"""Phase two and phase three: the checkpoint tree.

REQUIRED INPUTS: encoded training sets (English, translated, texts alone), the parent checkpoint.
OUTPUTS: checkpoint.json (tracked, written last), weights.safetensors (which may be temporary) and
curve.parquet beside it.
"""


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
        f"{LOGS}/train_intermediate/{{model}}/{{intermediate}}/{{seed}}.log",
    benchmark:
        f"{COSTS}/train_intermediate/{{model}}/{{intermediate}}/{{seed}}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=training_memory,
        runtime=growing(1440),
    params:
        settings=training_settings(),
        schedules=intermediate_schedules,
        code=TRAINING_CODE,
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
        f"{LOGS}/finetune_target/{{model}}/{{intermediate}}/{{training}}/{{seed}}.log",
    benchmark:
        f"{COSTS}/finetune_target/{{model}}/{{intermediate}}/{{training}}/{{seed}}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=training_memory,
        runtime=growing(1440),
    params:
        settings=training_settings(),
        schedules=training_schedules,
        code=TRAINING_CODE,
    message:
        "Fine-tuning {wildcards.model} after {wildcards.intermediate} on {wildcards.training}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/finetune_target.py"
