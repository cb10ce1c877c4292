"""Wikipedia in every language, mixed into `-mlm` recipes.

A text is the beginning of an article, as far as an input reaches.
"""

from xstilts.tasks import Hub, Task

TASK = Task(
    name="wikipedia",
    title="Wikipedia",
    kind="masked_lm",
    metric="",
    hub=(
        Hub(
            path="wikimedia/wikipedia",
            config="20231101.{language}",
            splits={"train": "train"},
            max_rows=20_000,
        ),
    ),
    columns={"text": "text"},
    multilingual=True,
    licence="CC BY-SA 3.0, GFDL",
    citation="Wikimedia Foundation 2023, Wikimedia Downloads",
)
