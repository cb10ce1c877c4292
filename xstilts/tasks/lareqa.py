"""LAReQA (Roy et al. 2020): find the sentences that answer, in a pool of all languages.

Questions and sentences are those of XQuAD-R. The hub's copy of it has no sentence breaks, so that
only whole paragraphs could be ranked, an easier task; the authors' repository has them.
"""

from xstilts.tasks import Files, Task

REPOSITORY = "https://raw.githubusercontent.com/google-research-datasets/lareqa"
COMMIT = "9bc8c7fb6dd8d01d72a05a93c2cb96882b0d299c"

TASK = Task(
    name="lareqa",
    title="LAReQA",
    kind="dual_encoder",
    needs="pool",
    metric="map@20",
    hub=(
        Files(
            url=f"{REPOSITORY}/{COMMIT}/xquad-r/{{language}}.json",
            format="xquad_r",
            splits={"test": "test"},
        ),
    ),
    trains_on=("squad_retrieval",),
    target=True,
    shared_examples=True,
    licence="CC BY-SA 4.0",
    citation="Roy et al. 2020, LAReQA, EMNLP",
)
