"""What measures of similarity, and the planted truth, are computed from."""


def compared(pattern, wildcards):
    """A file of each of them, by part and task."""
    return {
        part: {task: pattern.format(part=part, task=task, model=wildcards.model) for task in names}
        for part, names in GRID.compared_tasks().items()
    }


def listed(files):
    """The files of nested mappings, flat: what a rule waits for."""
    if isinstance(files, dict):
        return [path for inner in files.values() for path in listed(inner)]
    return [files] if files else []


def embedding_tables(wildcards):
    return compared(EMBEDDED, wildcards)


def embedding_files(wildcards):
    return listed(embedding_tables(wildcards))


def parallel_data(wildcards):
    return ENCODED.format(part="test", model=wildcards.model, task=GRID.parallel)


def first_run(pattern, wildcards):
    """A checkpoint of the grid's first seed, which is the one that measures of tasks look at."""
    return pattern.format(**{"seed": GRID.seeds[0], **dict(wildcards)})


def dev_checkpoint(wildcards):
    return first_run(INTERMEDIATE, wildcards)


def dev_parts(wildcards):
    """The encoded training sets that targets learn from last, by task."""
    names = sorted({name.split("+")[-1] for name in GRID.training_sets()})
    return {name: ENCODED.format(part="train", model=wildcards.model, task=name) for name in names}


def dev_files(wildcards):
    return listed(dev_parts(wildcards))


def embedded_network(wildcards):
    """The network whose Fisher diagonal is asked for; `training` is none for phase two."""
    return first_run(INTERMEDIATE if wildcards.training == "none" else TUNED, wildcards)


def embedded_parts(wildcards):
    if wildcards.training == "none":
        return recipe_parts(wildcards)
    return training_parts(wildcards.model, wildcards.training.split("+")[-1:])


def fisher_tables(wildcards):
    model = wildcards.model
    return {
        "intermediate": {
            name: FISHER.format(model=model, intermediate=name, training="none")
            for name in GRID.trained_intermediates()
        },
        "training": {
            name: FISHER.format(model=model, intermediate="none", training=name)
            for name in (GRID.training_sets() if "none" in GRID.intermediates else [])
        },
    }


def feature_tables(wildcards):
    return {
        name: FEATURES.format(model=wildcards.model, intermediate=name)
        for name in GRID.trained_intermediates()
    }


def measure_evidence(wildcards):
    """The files that a measure reads."""
    by_reads = {
        "features": feature_tables(wildcards),
        "fisher": fisher_tables(wildcards),
        "texts": COORDINATES.format(model=wildcards.model),
        "pieces": compared(PIECES, wildcards),
        "parallel": PARALLEL.format(model=wildcards.model) if GRID.parallel_languages else None,
    }
    return by_reads.get(measures()[wildcards.measure].reads)


def measure_files(wildcards):
    return listed(measure_evidence(wildcards))


def known_languages(wildcards):
    """Facts of the languages, as measures know them."""
    codes = {code for codes in GRID.languages.values() for code in codes} | {"en"}
    pretraining = GRID.models[wildcards.model].pretraining
    return language_facts(config, sorted(codes), pretraining)


def targets_with_gap():
    """Targets that were run in English and in another language."""
    return [
        target
        for target in GRID.targets
        if "en" in GRID.languages[target] and len(GRID.languages[target]) > 1
    ]


def truth_cells(wildcards):
    """(intermediate, target, checkpoint, encoded test data) of every gap that is planted."""
    return [
        {
            "intermediate": intermediate,
            "target": target,
            "checkpoint": TUNED.format(
                model=wildcards.model,
                intermediate=intermediate,
                training=tasks()[target].training_name,
                seed=seed,
            ),
            "encoded": ENCODED.format(part="test", model=wildcards.model, task=target),
        }
        for intermediate in GRID.intermediates
        for target in targets_with_gap()
        for seed in GRID.seeds
    ]


def truth_inputs(wildcards):
    cells = truth_cells(wildcards)
    files = sorted({cell[name] for cell in cells for name in ("checkpoint", "encoded")})
    return [*files, *weights_of_all(cell["checkpoint"] for cell in cells)]
