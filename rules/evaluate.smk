"""Zero-shot evaluation: one job per (checkpoint, target), one cell per language.

REQUIRED INPUTS: a checkpoint, the target's encoded test sets.
OUTPUTS: scores.parquet per cell, predictions.parquet beside it, both links into the cell store;
layers.parquet, retrieval at every layer, when asked for.
"""

for target in GRID.targets:

    rule:
        name:
            f"evaluate_{target}"
        input:
            checkpoint=evaluated_checkpoint(target),
            weights=weights_behind(evaluated_checkpoint(target)),
            encoded=ENCODED.format(part="test", model="{model}", task=target),
        output:
            scores=target_scores(target),
        log:
            logs(f"evaluate_{target}/{{model}}/{{intermediate}}/{{seed}}"),
        benchmark:
            costs(f"evaluate_{target}/{{model}}/{{intermediate}}/{{seed}}")
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            gpu=1,
            mem_mb=evaluation_memory(target),
            runtime=growing(240),
        params:
            layer=lambda wildcards: model_row(wildcards).layer,
            settings=config["evaluation"],
            code=code_of("evaluate_target", tasks=[target, *tasks()[target].trains_on]),
        message:
            f"Evaluating {{wildcards.model}} after {{wildcards.intermediate}} on {target}, seed {{wildcards.seed}}"
        script:
            "../workflow/scripts/evaluate_target.py"


rule sweep_layers:
    """Retrieval at every layer of a checkpoint; made only when asked for by name."""
    input:
        checkpoint=untuned_checkpoint,
        weights=weights_behind(untuned_checkpoint),
        encoded=lambda wildcards: ENCODED.format(
            part="test", model=wildcards.model, task=wildcards.target
        ),
    output:
        layers=LAYERS,
    log:
        logs("sweep_layers/{model}/{intermediate}/{target}/{seed}"),
    benchmark:
        costs("sweep_layers/{model}/{intermediate}/{target}/{seed}")
    wildcard_constraints:
        target="|".join(GRID.swept_targets()) or "no target of this grid",
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=1,
        mem_mb=prediction_memory,
        runtime=growing(240),
    params:
        languages=lambda wildcards: GRID.languages[wildcards.target],
        settings=config["evaluation"],
        code=code_of("sweep_layers", tasks=lambda wildcards: [wildcards.target]),
    message:
        "Sweeping the layers of {wildcards.model} after {wildcards.intermediate} on {wildcards.target}"
    script:
        "../workflow/scripts/sweep_layers.py"
