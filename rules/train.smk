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
