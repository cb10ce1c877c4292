"""UD-POS: universal part-of-speech tags; the published score is span F1 over runs of a tag."""

from xstilts.tasks import UPOS, XTREME_TAGGING, Hub, Schedule, Task

TASK = Task(
    name="udpos",
    title="UD-POS",
    kind="tagging",
    metric="span_f1",
    labels=UPOS,
    hub=(Hub(path="izhx/xtreme-r-udpos", config="{language}"),),
    columns={"words": "tokens", "tags": "pos_tags | upos | tags"},
    finetuning=Schedule(batch_size=32, epochs=10),
    xtreme=XTREME_TAGGING,
    trains_on=("udpos",),
    target=True,
    licence="each UD treebank's own",
    citation="Nivre et al. 2020, Universal Dependencies v2, LREC",
)
