"""Zero-shot evaluation: one job per (checkpoint, target), one cell per language.

REQUIRED INPUTS: a checkpoint, the target's encoded test sets.
OUTPUTS: scores.parquet a cell, predictions.parquet beside it, both links into the cell store;
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
            target_scores(target),
        log:
            f"{LOGS}/evaluate_{target}/{{model}}/{{intermediate}}/{{seed}}.log",
        benchmark:
            f"{COSTS}/evaluate_{target}/{{model}}/{{intermediate}}/{{seed}}.tsv"
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            gpu=1,
            mem_mb=evaluation_memory(target),
            runtime=growing(240),
        params:
            layer=model_layer,
            settings=config["evaluation"],
            code=code_digest(*EVALUATION_MODULES, f"tasks/{target}.py"),
        message:
            f"Evaluating {{wildcards.model}} after {{wildcards.intermediate}} on {target}, seed {{wildcards.seed}}"
        script:
            "../workflow/scripts/evaluate_target.py"


if swept_targets():

    rule sweep_layers:
        """Retrieval at every layer of a checkpoint; made only when asked for by name."""
        input:
            checkpoint=untuned_checkpoint,
            weights=weights_behind(untuned_checkpoint),
            encoded=swept_data,
        output:
            LAYERS,
        log:
            f"{LOGS}/sweep_layers/{{model}}/{{intermediate}}/{{target}}/{{seed}}.log",
        benchmark:
            f"{COSTS}/sweep_layers/{{model}}/{{intermediate}}/{{target}}/{{seed}}.tsv"
        wildcard_constraints:
            target="|".join(swept_targets()),
        conda:
            "../envs/torch.yaml"
        resources:
            gpu=1,
            mem_mb=prediction_memory,
            runtime=growing(240),
        params:
            languages=swept_languages,
            settings=config["evaluation"],
            code=code_digest(*EVALUATION_MODULES, "evaluation/layer_sweep.py"),
        message:
            "Sweeping the layers of {wildcards.model} after {wildcards.intermediate} on {wildcards.target}"
        script:
            "../workflow/scripts/sweep_layers.py"
