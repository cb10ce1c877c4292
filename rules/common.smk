"""Paths and what rules need of the config: every path pattern is written here, once."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent))  # also as a module

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from xstilts.config import check_config, merged_entries, specification, translator
from xstilts.io.hashing import code_digest
from xstilts.errors import InputError
from xstilts.grid import language_facts, language_families, language_names
from xstilts.jobs import check_interpreter, share_package
from xstilts.languages import languages
from xstilts.data.lock import commit_of, read_lock, source_of, sources_of
from xstilts.models import model_state
from xstilts.recipes import recipes
from xstilts.similarity.measures import measures
from xstilts.data.local_files import check_apart, is_published, local_state
from xstilts.tasks import preset_length, tasks

share_package()

try:
    check_interpreter(sys.executable)
    GRID = check_config(config)
except InputError as error:
    raise WorkflowError(str(error))

if workflow.is_main_process:
    told = [(Path(path).name, load_configfile(path)) for path in workflow.configfiles]
    for line in merged_entries([*told, ("--config", workflow.config_settings.config)]):
        print(f"config: {line}", file=sys.stderr)

COMMITS = read_lock()
RESULTS = config["results"]
LOGS = f"{RESULTS}/logs"
COSTS = f"{RESULTS}/costs"
DATA = f"{RESULTS}/data/part={{part}}/task={{task}}/manifest.json"
ENCODED = f"{RESULTS}/encoded/part={{part}}/model={{model}}/task={{task}}/manifest.json"
EMBEDDED = f"{RESULTS}/embeddings/part={{part}}/model={{model}}/task={{task}}/vectors.parquet"
PIECES = f"{RESULTS}/pieces/part={{part}}/model={{model}}/task={{task}}/pieces.parquet"
COORDINATES = f"{RESULTS}/coordinates/model={{model}}/coordinates.parquet"
FEATURES = f"{RESULTS}/features/model={{model}}/intermediate={{intermediate}}/features.parquet"
FISHER = f"{RESULTS}/fisher/model={{model}}/intermediate={{intermediate}}/training={{training}}/fisher.parquet"
PARALLEL = f"{RESULTS}/parallel/model={{model}}/vectors.parquet"
TRANSLATOR = f"{RESULTS}/translator/language={{language}}/checkpoint.json"
PRETRAINED = f"{RESULTS}/pretrained/model={{model}}/checkpoint.json"
INTERMEDIATE = f"{RESULTS}/intermediate/model={{model}}/intermediate={{intermediate}}/seed={{seed}}/checkpoint.json"
TUNED = f"{RESULTS}/tuned/model={{model}}/intermediate={{intermediate}}/training={{training}}/seed={{seed}}/checkpoint.json"
SCORES = f"{RESULTS}/scores/target={{target}}/model={{model}}/intermediate={{intermediate}}/seed={{seed}}/language={{language}}/scores.parquet"
LEAKS = f"{RESULTS}/leaks.json"
CELLS = f"{RESULTS}/cells.parquet"
MISSING = f"{RESULTS}/missing.csv"
LAYERS = f"{RESULTS}/layers/target={{target}}/model={{model}}/intermediate={{intermediate}}/seed={{seed}}/layers.parquet"
BENCHMARK = f"{RESULTS}/benchmark.csv"
SIMILARITY = f"{RESULTS}/similarity/measure={{measure}}/model={{model}}/similarity.parquet"
EFFECTS = f"{RESULTS}/effects.parquet"
VARIANCES = f"{RESULTS}/variances.parquet"
RANDOM_EFFECTS = f"{RESULTS}/random_effects.parquet"
NESTED = f"{RESULTS}/nested.csv"
DIAGNOSTICS = f"{RESULTS}/diagnostics.csv"
SENSITIVITY = f"{RESULTS}/sensitivity.csv"
HELD_OUT = f"{RESULTS}/held_out.parquet"
SKILL = f"{RESULTS}/skill.csv"
CLAIMS = f"{RESULTS}/claims.csv"
TRUTH = f"{RESULTS}/truth/model={{model}}/truth.parquet"
ANSWER = f"{RESULTS}/answer.txt"
FIRST_PAGE = f"{RESULTS}/first_page.rst"
PROVENANCE = f"{RESULTS}/provenance.csv"
FIGURES = f"{RESULTS}/figures"

KEPT = {"none": (), "intermediate": ("intermediate",), "all": ("intermediate", "tuned")}

ENCODER_MODULES = ("encoder/packed_attention.py", "encoder/batch.py", "checkpoint/network.py", "encoder/model.py", "encoder/encoded_rows.py")
SCORING_MODULES = (
    *ENCODER_MODULES,
    "kinds/_qa_metrics.py",
    "data/encode.py",
    "kinds",
    "evaluation/predict.py",
    "evaluation/metrics.py",
    "kinds/_retrieval.py",
    "kinds/_span_f1.py",
)
TRAINING_CODE = code_digest(
    *SCORING_MODULES,
    "encoder/compiled.py",
    "checkpoint/curves.py",
    "encoder/cpu_dropout.py",
    "training/loop.py",
    "training/sampling.py",
    "training/phases.py",
    "encoder/vocabulary.py",
)
EVALUATION_MODULES = (*SCORING_MODULES, "evaluation/evaluate.py", "evaluation/batching.py")
EMBEDDING_MODULES = (*ENCODER_MODULES, "similarity/embeddings.py", "data/encode.py", "similarity/vector_table.py")
FITTING_MODULES = (
    "similarity/table.py",
    "similarity/measure.py",
    "degradation/cross_check.py",
    "degradation/model_frame.py",
    "degradation/diagnostics.py",
    "degradation/effects.py",
    "degradation/formulas.py",
    "degradation/inference.py",
    "degradation/mixed_model.py",
    "degradation/outcomes.py",
)
STATE_MODULES = ("degradation/missing_cells.py", "degradation/outcomes.py", "degradation/cell_status.py")
MEASURING_MODULES = (
    "similarity/measure.py",
    "similarity/table.py",
    "similarity/alignment.py",
    "similarity/inputs.py",
    "similarity/language_facts.py",
    "similarity/subword_counts.py",
    "recipes.py",
    "encoder/encoded_rows.py",
    "tasks/__init__.py",
    "similarity/text_set.py",
    "similarity/uriel.py",
    "similarity/vector_table.py",
)


wildcard_constraints:
    part="train|translated|test",
    model="[^/]+",
    task="[^/]+",
    intermediate="[^/]+",
    target="[^/]+",
    training="[^/]+",
    language="[^/]+",
    measure="[^/]+",
    seed=r"\d+",


def score_file(cell):
    return SCORES.format(**cell._asdict())


WHOLE = GRID  # also where the analysis goes without a part: data are fetched for all of it
CELLS_ASKED = [*WHOLE.cells()]
if config["cells"] == "finished":
    CELLS_ASKED = [cell for cell in CELLS_ASKED if Path(score_file(cell)).is_file()]
    try:
        GRID = WHOLE.narrowed(CELLS_ASKED)
    except InputError as error:
        raise WorkflowError(str(error))


def score_files(wildcards):
    return list(map(score_file, CELLS_ASKED))


def lost_score_files(wildcards):
    """Score files that were deleted beside a finished table, which does not miss them.

    While there is no table, all are asked for by its rule; naming them twice takes Snakemake as
    long again to plan.
    """
    if not Path(CELLS).is_file():
        return []
    return [file for file in score_files(wildcards) if not Path(file).is_file()]


def similarity_files():
    return expand(SIMILARITY, measure=GRID.measures, model=GRID.models)


def truth_files():
    return expand(TRUTH, model=GRID.models) if config["world"] else []


def training_settings():
    """What decides the weights; how often they are saved on the way does not."""
    return {name: value for name, value in config["training"].items() if name != "save_minutes"}


def fetched_languages(wildcards):
    if wildcards.part == "train":
        return WHOLE.training_languages(wildcards.task)
    return WHOLE.fetched_languages(wildcards.task)


def checked_apart(source, wildcards, codes, section):
    """Stop before the first job if a file stands for several languages, or for training and test."""
    try:
        if source:
            task = tasks()[wildcards.task]
            check_apart(source, task, wildcards.part, codes, f"config: {section}: {task.name}")
    except InputError as error:
        raise WorkflowError(str(error))


def data_manifests(*wanted):
    """Those of the grid's data, of all parts or of some."""
    parts = wanted or ("train", "test")
    return [DATA.format(task=task, part=part) for task, part, _ in GRID.parts() if part in parts]


def recipe_data():
    """What the recipes of the grid train on, with the texts that are mixed in."""
    return [DATA.format(part="train", task=task) for task in GRID.recipe_tasks()]


def chain_data(wildcards):
    """What a target trains on, with which its test set is compared before it is encoded."""
    chain = tasks()[wildcards.task].trains_on if wildcards.part == "test" else ()
    return [DATA.format(part="train", task=task) for task in chain]


def told_manifests():
    """All manifests that say something of the data."""
    encoded = expand(ENCODED, part="test", model=GRID.models, task=GRID.targets)
    return [*data_manifests(), *encoded, LEAKS]


def reading_code(task, *more):
    world = ["world"] if config["world"] else []
    own = ("tasks/__init__.py", "tasks/copa.py", f"tasks/{task}.py")
    reading = (
        "data/fetch.py",
        "data/source.py",
        "data/canonical.py",
        "data/columns.py",
        "io/formats.py",
        "data/releases.py",
        "data/local_files.py",
        "data/hub.py",
        "data/plausibility.py",
        "data/realignment.py",
        "io/values.py",
    )
    return code_digest(*reading, "kinds", *own, *world, *more)


def translate_code(wildcards):
    return reading_code(wildcards.task, "data/translate.py")


def fetch_code(wildcards):
    code = reading_code(wildcards.task)
    # Of the table of languages, what addresses and ids are filled in with.
    known = [languages().get(code) for code in fetched_languages(wildcards)]
    return [code, [[row.code, row.iso3, row.name, row.flores] for row in known if row]]


def encode_code(wildcards):
    return code_digest(
        "data/encode.py",
        "kinds",
        "encoder/encoded_rows.py",
        "kinds/_retrieval.py",
        "tasks/__init__.py",
        f"tasks/{wildcards.task}.py",
    )


def measure_code(wildcards):
    facts = ["tasks"] if measures()[wildcards.measure].reads == "tasks" else []
    return code_digest(*MEASURING_MODULES, f"similarity/measures/{wildcards.measure}.py", *facts)


def local_data_state(wildcards):
    """What tells whether local files have changed since they were fetched."""
    source, task = task_source(wildcards), tasks()[wildcards.task]
    if not source:
        return None
    return local_state(source, task, wildcards.part, fetched_languages(wildcards))


def task_source(wildcards):
    source = config["data"].get(wildcards.task)
    checked_apart(source, wildcards, fetched_languages(wildcards), "data")
    return source


def task_commits(wildcards):
    """The commits at which a task's hub data sets are read; one that changes is fetched again."""
    source = task_source(wildcards)
    local = source and not is_published(source, wildcards.part)
    local = local or (config["world"] and not source)
    sources = [] if local else sources_of(tasks()[wildcards.task], COMMITS)
    return {source: COMMITS[source] for source in sources if source in COMMITS}


def model_path(wildcards):
    return GRID.models[wildcards.model].path


def locked_revision(model):
    source = source_of(model)
    return commit_of(source, COMMITS) if source else model.revision


def model_sources():
    """Where each encoder comes from, and its revision."""
    return {
        name: (
            f"{model.path}, revision {locked_revision(model)}"
            if source_of(model)
            else str(model.path or "the embedded world")
        )
        for name, model in GRID.models.items()
    }


def model_revision(wildcards):
    return locked_revision(GRID.models[wildcards.model])


def model_lora(wildcards):
    return GRID.models[wildcards.model].lora


def model_layer(wildcards):
    return GRID.models[wildcards.model].layer


def training_parts(model, names):
    return [ENCODED.format(part="train", model=model, task=name) for name in names]


def local_model_state(wildcards):
    """What tells whether the files of a local model have changed since they were fetched."""
    return model_state(GRID.models[wildcards.model])


def schedules(names, phase):
    preset = config["training"]["preset"]
    return [vars(tasks()[name].schedule(phase, preset)) for name in names]


def encoded_length(wildcards):
    """The longest input: the config's, or the preset's for the task, whichever is shorter."""
    own = preset_length(tasks()[wildcards.task], config["training"]["preset"])
    return min((each for each in (config["max_length"], own) if each), default=None)


def intermediate_schedules(wildcards):
    return schedules(recipes()[wildcards.intermediate].tasks, "intermediate")


def training_schedules(wildcards):
    return schedules(wildcards.training.split("+"), "training")


def recipe_parts(wildcards):
    recipe = recipes()[wildcards.intermediate]
    part = "translated" if recipe.translated else "train"
    return [ENCODED.format(part=part, model=wildcards.model, task=task) for task in recipe.tasks]


def is_machine_translated(task):
    """Whether a model makes a task's translations, not files or the world."""
    return not config["world"] and task not in config["translation"]["data"]


def translated_data(wildcards):
    if not is_machine_translated(wildcards.task):
        return []
    return DATA.format(part="train", task=wildcards.task)


def translators(wildcards):
    if not is_machine_translated(wildcards.task):
        return []
    return expand(TRANSLATOR, language=GRID.translated_languages)


def translator_model(wildcards):
    return translator(config["translation"]["model"], config, wildcards.language)


def translator_path(wildcards):
    return translator_model(wildcards).path


def translator_revision(wildcards):
    return locked_revision(translator_model(wildcards))


def local_translator_state(wildcards):
    return model_state(translator_model(wildcards))


def translation_source(wildcards):
    source = config["translation"]["data"].get(wildcards.task)
    checked_apart(source, wildcards, GRID.translated_languages, "translation: data")
    return source


def translated_files_state(wildcards):
    source = translation_source(wildcards)
    languages = GRID.translated_languages
    return local_state(source, tasks()[wildcards.task], "translated", languages) if source else None


def recipe_dev(wildcards):
    return training_parts(wildcards.model, recipes()[wildcards.intermediate].tasks)


def recipe_corpus(wildcards):
    corpus = recipes()[wildcards.intermediate].corpus
    return training_parts(wildcards.model, [corpus] if corpus else [])


def chain_parts(wildcards):
    return training_parts(wildcards.model, wildcards.training.split("+"))


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
    pretrained = f"{RESULTS}/pretrained/"
    trained = sorted({each for each in checkpoints if not each.startswith(pretrained)})
    return [ancient(weights_of(each)) for each in trained]


def weights_behind(checkpoint):
    """The input function that names the weights of the manifest that another one names."""
    return lambda wildcards: weights_of_all([checkpoint(wildcards)])


def untuned_checkpoint(wildcards):
    pattern = PRETRAINED if wildcards.intermediate == "none" else INTERMEDIATE
    return pattern.format(**dict(wildcards))


def evaluated_checkpoint(target):
    """The input function that names the checkpoint a target is evaluated on."""

    def checkpoint(wildcards):
        if GRID.stage(wildcards.intermediate, target) == "tuned":
            return TUNED.format(training=tasks()[target].training_name, **dict(wildcards))
        return untuned_checkpoint(wildcards)

    return checkpoint


def swept_targets():
    """Targets that are evaluated without any training: their layer is a choice.

    Not those with pools to mine (BUCC), whose vectors of all layers are too many to hold.
    """
    rows = (tasks()[target] for target in GRID.targets)
    return [task.name for task in rows if not task.trains_on and task.reference == "none"]


def swept_data(wildcards):
    return ENCODED.format(part="test", model=wildcards.model, task=wildcards.target)


def swept_languages(wildcards):
    return GRID.languages[wildcards.target]


def target_scores(target):
    """The score file of every language of a target, as patterns over the other axes."""
    axes = {axis: f"{{{axis}}}" for axis in ("model", "intermediate", "seed")}
    return [
        SCORES.format(target=target, language=language, **axes)
        for language in GRID.languages[target]
    ]


def trainings():
    """Every training of the grid: its axes and its checkpoint."""
    for training in GRID.trainings():
        axes = training._asdict()
        pattern = TUNED if training.training else INTERMEDIATE
        yield {**axes, "checkpoint": pattern.format(**axes)}


def training_sets(wildcards):
    """The encoded sets that trainings of the grid read."""
    found = set()
    for training in GRID.trainings():
        parts = [chain_parts] if training.training else [recipe_parts, recipe_dev, recipe_corpus]
        found.update(path for part in parts for path in part(training))
    return sorted(found)


FIGURE_NAMES = (
    "degradation",
    "gains",
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
PAGE_NAMES = (
    "outcomes",
    "scatter",
    "claims",
    "nested",
    "sensitivity",
    "skill",
    "diagnostics",
    "benchmark",
    "provenance",
)


def figure_files():
    figures = expand(f"{FIGURES}/{{name}}.svg", name=FIGURE_NAMES)
    return [*figures, *expand(f"{FIGURES}/{{name}}.html", name=PAGE_NAMES)]
