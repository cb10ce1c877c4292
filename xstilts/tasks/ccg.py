"""CCGbank supertagging (Hockenmaier and Steedman 2007); licensed, so from local files only.

Sections 02-21 are trained on, 00 is dev. The tags are those of the training sections: all of them,
as in the study, not the 425 frequent ones of the supertagging literature.
"""

from xstilts.tasks import Schedule, Task

TASK = Task(
    name="ccg",
    title="CCG",
    kind="tagging",
    metric="token_accuracy",
    manual_download=(
        "CCGbank is sold by the Linguistic Data Consortium as LDC2005T13 "
        "(https://catalog.ldc.upenn.edu/LDC2005T13); with it write "
        "data: {ccg: {path: .../CCGbank/data/AUTO, format: ccgbank}}, "
        "or leave ccg and multi out of intermediates"
    ),
    intermediate=Schedule(batch_size=24, epochs=15),
    licence="LDC2005T13",
    citation="Hockenmaier and Steedman 2007, CCGbank, Computational Linguistics 33(3)",
)
