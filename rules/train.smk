"""Phase two and phase three: the checkpoint tree.

REQUIRED INPUTS: encoded training sets (English, translated, texts alone), the parent checkpoint.
OUTPUTS: checkpoint.json (tracked, written last), weights.safetensors and curve.parquet beside it.
"""


rule train_intermediate:
    """Phase two: train the pretrained encoder on a recipe's tasks."""
    input:
        parent=PRETRAINED,
        parts=recipe_parts,
        dev=recipe_dev,
        corpus=recipe_corpus,
    output:
        INTERMEDIATE,
    log:
        f"{LOGS}/train_intermediate/{{model}}/{{intermediate}}/{{seed}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=24000,
        runtime=1440,
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
        parts=chain_parts,
    output:
        TUNED,
    log:
        f"{LOGS}/finetune_target/{{model}}/{{intermediate}}/{{training}}/{{seed}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=24000,
        runtime=1440,
    params:
        settings=training_settings(),
        schedules=training_schedules,
        code=TRAINING_CODE,
    message:
        "Fine-tuning {wildcards.model} after {wildcards.intermediate} on {wildcards.training}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/finetune_target.py"
