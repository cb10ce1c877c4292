"""What jobs read, by their wildcards; rules name these functions as their inputs."""

# Data and models


def data_manifests(*wanted):
    """Those of the grid's data, of all parts or of some."""
    parts = wanted or ("train", "test")
    return [DATA.format(task=task, part=part) for task, part, _ in GRID.parts() if part in parts]


def training_data(names):
    return [DATA.format(part="train", task=task) for task in names]


def chain_data(wildcards):
    """What a target trains on, with which its test set is compared before it is encoded."""
    return training_data(tasks()[wildcards.task].trains_on if wildcards.part == "test" else ())


def task_languages(wildcards):
    return STUDY.languages(wildcards.task, wildcards.part)


def model_row(wildcards):
    return WHOLE.models[wildcards.model]


def translator_row(wildcards):
    return STUDY.translator(wildcards.language)


def task_of(wildcards):
    return [wildcards.task]


def english_data(wildcards):
    """What a model translates; nothing where translations are files."""
    made = STUDY.is_machine_translated(wildcards.task)
    return DATA.format(part="train", task=wildcards.task) if made else []


def translators(wildcards):
    made = STUDY.is_machine_translated(wildcards.task)
    return expand(TRANSLATOR, language=WHOLE.translated_languages) if made else []


# Phases two and three


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


# Evaluation


def evaluated_checkpoint(target):
    """The input function that names the checkpoint a target is evaluated on."""

    def checkpoint(wildcards):
        if GRID.stage(wildcards.intermediate, target) == "tuned":
            return TUNED.format(training_set=tasks()[target].training_name, **dict(wildcards))
        return untuned_checkpoint(wildcards)

    return checkpoint


def target_scores(target):
    """The score file of every language of a target, as patterns over the other axes."""
    axes = {axis: f"{{{axis}}}" for axis in ("model", "intermediate", "seed")}
    return [
        SCORES.format(target=target, language=language, **axes)
        for language in GRID.languages[target]
    ]


# Similarity


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
    """The network whose Fisher diagonal is asked for; `training_set` is none for phase two."""
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
        "tokens": compared(TOKENS, wildcards),
        "subwords": compared(SUBWORDS, wildcards),
        "parallel": PARALLEL.format(model=wildcards.model) if GRID.parallel_languages else None,
    }
    return by_reads.get(measures()[wildcards.measure].reads)


# Degradation


def truth_files():
    return expand(TRUTH, model=GRID.models) if config["truth"] else []


def truth_cells(wildcards):
    """(intermediate, target, checkpoint, encoded test data) of every gap that is planted."""
    return [
        {
            "intermediate": intermediate,
            "target": target,
            "checkpoint": TUNED.format(
                model=wildcards.model,
                intermediate=intermediate,
                training_set=tasks()[target].training_name,
                seed=seed,
            ),
            "encoded": ENCODED.format(part="test", model=wildcards.model, task=target),
        }
        for intermediate in GRID.intermediates
        for target in GRID.targets_with_gap()
        for seed in GRID.seeds
    ]


def truth_inputs(wildcards):
    cells = truth_cells(wildcards)
    files = sorted({cell[name] for cell in cells for name in ("checkpoint", "encoded")})
    return [*files, *weights_of_all(cell["checkpoint"] for cell in cells)]


# Figures


def trainings():
    """Every training of the grid: its axes and its checkpoint."""
    for training in GRID.trainings():
        axes = training._asdict()
        pattern = TUNED if training.training_set else INTERMEDIATE
        yield {**axes, "checkpoint": pattern.format(**axes)}


# The report


FIGURES = (
    "degradation",
    "gains",
    "agreement",
    "similarity",
    "overview",
    "measures",
    "scatter",
    "effects",
    "headline",
    "sensitivity",
    "held_out",
    "random_effects",
    "training",
    "cost",
)


PAGES = (
    "outcomes",
    "scatter",
    "claims",
    "nested",
    "sensitivity",
    "skill",
    "diagnostics",
    "xtreme_summary",
    "provenance",
)


def report_files():
    figures = [figure(f"{name}.svg") for name in FIGURES]
    return [*figures, *(figure(f"{name}.html") for name in PAGES)]


def training_sets(wildcards):
    """The encoded sets that trainings of the grid read."""
    found = set()
    for training in GRID.trainings():
        parts = (
            [chain_parts] if training.training_set else [recipe_parts, recipe_dev, recipe_corpus]
        )
        found.update(path for part in parts for path in part(training))
    return sorted(found)


def told_manifests():
    """All manifests that say something of the data."""
    encoded = expand(ENCODED, part="test", model=GRID.models, task=GRID.targets)
    return [*data_manifests(), *encoded, LEAKS]
