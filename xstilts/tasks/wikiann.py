"""WikiANN (Pan et al. 2017, Rahimi split): named entities, span F1."""

from xstilts.tasks import XTREME_TAGGING, Hub, Schedule, Task

TASK = Task(
    name="wikiann",
    title="WikiANN NER",
    kind="tagging",
    metric="span_f1",
    labels=("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"),
    hub=(Hub(path="unimelb-nlp/wikiann", config="{language}"),),
    columns={"words": "tokens", "tags": "ner_tags"},
    finetuning=Schedule(batch_size=32, epochs=10),
    xtreme=XTREME_TAGGING,
    trains_on=("wikiann",),
    target=True,
    citation="Pan et al. 2017, Cross-lingual Name Tagging, ACL; splits of Rahimi et al. 2019, ACL",
)
