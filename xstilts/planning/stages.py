"""The stage that the jobs of every rule are counted in, and the rules whose jobs hold a GPU.

The jobs of rules that are not named here fit models and draw figures. The rules of
`evaluate_TARGET` are `evaluate`.
"""

STAGES = {
    "fetch_task": "data",
    "encode_task": "data",
    "fetch_model": "data",
    "fetch_translator": "data",
    "translate_task": "data",
    "train_intermediate": "phase two",
    "finetune_target": "phase three",
    "evaluate": "evaluation",
    "sweep_layers": "evaluation",
    "embed_texts": "similarity",
    "embed_parallel": "similarity",
    "compute_features": "similarity",
    "compute_fisher": "similarity",
    "count_subwords": "similarity",
    "project_texts": "similarity",
    "measure_similarity": "similarity",
}
ON_GPU = {
    "translate_task",
    "train_intermediate",
    "finetune_target",
    "evaluate",
    "sweep_layers",
    "embed_texts",
    "embed_parallel",
    "compute_features",
    "compute_fisher",
}
