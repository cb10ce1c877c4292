"""SQuAD 1.1 as retrieval, question -> the sentence that answers: what LAReQA trains on."""

import re
from collections.abc import Mapping
from typing import Any

from xstilts.tasks import Hub, Schedule, Task

# A word, a full stop, footnote and closing marks, space; then a capital, a number, an opening mark.
SENTENCE_END = re.compile(r"""(\w*)[.!?](?:\[\d+\])*["')\]]*\s+(?=["'(\[]?[A-Z0-9])""")
ABBREVIATIONS = ("Dr", "Mr", "Mrs", "Ms", "St", "Prof", "Jr", "Sr", "No", "Vol", "p", "c", "vs")


def answering_sentence(row: Mapping[str, Any]) -> dict[str, Any]:
    """`candidate`: the sentence in which the first answer begins, then the whole paragraph.

    As XTREME-R's script writes LAReQA's candidates: nothing between the two, no line ends.
    """
    context, start = row["context"], row["answers"]["answer_start"][0]
    ends = [match.end() for match in SENTENCE_END.finditer(context) if _is_end(match[1])]
    begin = max((end for end in ends if end <= start), default=0)
    end = min((end for end in ends if end > start), default=len(context))
    return {"candidate": (context[begin:end].strip() + context).replace("\n", "")}


def _is_end(word: str) -> bool:
    """Whether a full stop after the word can end a sentence: not after initials."""
    return word not in ABBREVIATIONS and not (len(word) == 1 and word.isupper())


TASK = Task(
    name="squad_retrieval",
    title="SQuAD 1.1 retrieval",
    kind="dual_encoder",
    needs="pool",
    metric="map@20",
    hub=(Hub(path="rajpurkar/squad", config="plain_text"),),
    derived=answering_sentence,
    columns={"keys": "context", "query": "question", "candidate": "candidate"},
    finetuning=Schedule(batch_size=16, epochs=3),
    xtreme=Schedule(batch_size=16, epochs=3, learning_rate=2e-5, warmup_fraction=0.0),
    licence="CC BY-SA 4.0",
    citation="Rajpurkar et al. 2016, SQuAD, EMNLP; as retrieval in Roy et al. 2020, LAReQA",
)
