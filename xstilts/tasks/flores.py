"""FLORES-200 (NLLB Team 2022): English sentences, translated professionally, a column per language.

Measures of alignment read it; it is no target. The column's name is in the table of languages.
"""

from xstilts.tasks import Hub, Task

DEVTEST = {"test": "devtest"}

TASK = Task(
    name="flores",
    title="FLORES-200",
    kind="bitext",
    metric="retrieval_accuracy",
    hub=(
        Hub(
            path="mteb/flores",
            splits=DEVTEST,
            # the same columns uploaded again, which MTEB reads since 2025
            instead=Hub(path="mteb/FloresBitextMining", splits=DEVTEST),
        ),
    ),
    columns={"source": "{flores}", "target": "eng_Latn"},
    licence="CC BY-SA 4.0",
    citation="NLLB Team et al. 2022, No Language Left Behind",
    max_length=512,
)
