"""The study, and where its files lie: every path pattern is written here, once."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent))  # also as a module

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from xstilts.config import merged_entries
from xstilts.degradation.declaration import FILE as DECLARED_FILE
from xstilts.errors import InputError
from xstilts.jobs import check_interpreter, share_package
from xstilts.models import model_state
from xstilts.recipes import recipes
from xstilts.similarity.measures import measures
from xstilts.study import Study
from xstilts.tasks import tasks

share_package()


def checked(function, *arguments):
    """What a function returns; a mistake of the user is one line, without Python's own."""
    try:
        return function(*arguments)
    except InputError as error:
        raise WorkflowError(str(error))


checked(check_interpreter, sys.executable)
STUDY = checked(Study, config)
WHOLE = STUDY.grid  # also where the analysis goes without a part: data are fetched for all of it

if workflow.is_main_process:
    told = [(Path(path).name, load_configfile(path)) for path in workflow.configfiles]
    for line in merged_entries([*told, ("--config", workflow.config_settings.config)]):
        print(f"config: {line}", file=sys.stderr)


def results(pattern):
    return f"{config['results']}/{pattern}"


def logs(pattern):
    return results(f"logs/{pattern}.log")


def costs(pattern):
    return results(f"costs/{pattern}.tsv")


DATA = results("data/part={part}/task={task}/manifest.json")
ENCODED = results("encoded/part={part}/model={model}/task={task}/manifest.json")
EMBEDDED = results("embeddings/part={part}/model={model}/task={task}/vectors.parquet")
TOKENS = results("embeddings/part={part}/model={model}/task={task}/tokens.parquet")
SUBWORDS = results("subwords/part={part}/model={model}/task={task}/subwords.parquet")
COORDINATES = results("coordinates/model={model}/coordinates.parquet")
FEATURES = results("features/model={model}/intermediate={intermediate}/features.parquet")
FISHER = results(
    "fisher/model={model}/intermediate={intermediate}/training_set={training_set}/fisher.parquet"
)
PARALLEL = results("parallel/model={model}/vectors.parquet")
TRANSLATOR = results("translator/language={language}/checkpoint.json")
PRETRAINED = results("pretrained/model={model}/checkpoint.json")
INTERMEDIATE = results(
    "intermediate/model={model}/intermediate={intermediate}/seed={seed}/checkpoint.json"
)
TUNED = results(
    "tuned/model={model}/intermediate={intermediate}/training_set={training_set}/seed={seed}/checkpoint.json"
)
SCORES = results(
    "scores/target={target}/model={model}/intermediate={intermediate}/seed={seed}/language={language}/scores.parquet"
)
LEAKS = results("leaks.json")
CELLS = results("cells.parquet")
MISSING = results("missing.csv")
AGREEMENT = results("agreement.parquet")  # of languages, and of intermediates, by example
LAYERS = results(
    "layers/target={target}/model={model}/intermediate={intermediate}/seed={seed}/layers.parquet"
)
XTREME_SUMMARY = results("xtreme_summary.csv")
SIMILARITY = results("similarity/measure={measure}/model={model}/similarity.parquet")
EFFECTS = results("effects.parquet")
VARIANCES = results("variances.parquet")
RANDOM_EFFECTS = results("random_effects.parquet")
NESTED = results("nested.csv")
DIAGNOSTICS = results("diagnostics.csv")
SENSITIVITY = results("sensitivity.csv")
HELD_OUT = results("held_out.parquet")
SKILL = results("skill.csv")
CLAIMS = results("claims.csv")
TRUTH = results("truth/model={model}/truth.parquet")
ANSWER = results("answer.txt")
FIRST_PAGE = results("first_page.rst")
DECLARED = results(DECLARED_FILE)  # by the run itself, not by a rule
PROVENANCE = results("provenance.csv")


def figure(name):
    return results(f"figures/{name}")


wildcard_constraints:
    part="train|translated|test",
    model="[^/]+",
    task="[^/]+",
    intermediate="[^/]+",
    target="[^/]+",
    training_set="[^/]+",
    language="[^/]+",
    measure="[^/]+",
    seed=r"\d+",


def score_file(cell):
    return SCORES.format(**cell._asdict())


GRID, CELLS_ASKED = WHOLE, [*WHOLE.cells()]
if config["cells"] == "finished":
    CELLS_ASKED = [cell for cell in CELLS_ASKED if Path(score_file(cell)).is_file()]
    GRID = checked(WHOLE.narrowed, CELLS_ASKED)


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


def of_wildcards(ask):
    """The input or parameter function that asks the study about a job's wildcards."""
    return lambda wildcards: checked(ask, wildcards)


def code_of(script, tasks=None, measures=None):
    """The digest of a script's code, which a job depends on, for its tasks and measures.

    Those that are functions are asked for the wildcards' own; of none, the grid's count.
    """

    def digest(wildcards):
        named = [each(wildcards) if callable(each) else each for each in (tasks, measures)]
        return STUDY.code(script, *named)

    return digest


def write_down(finished):
    """Record code and config of the run; where nothing can be written, jobs say so themselves."""
    try:
        STUDY.code_of_results.record(finished=finished)
        STUDY.write_config()
    except OSError as error:
        print(f"not written down: {error}", file=sys.stderr)


onstart:
    write_down(finished=False)


onsuccess:
    write_down(finished=True)
