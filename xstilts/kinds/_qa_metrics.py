"""When is an answer right? The SQuAD rules, and MLQA's rules of each language.

Both lower-case, strip punctuation, then articles, and compare what is left: the whole for the exact
match, the bags of words for F1. They differ in what is punctuation, an article, and a word.

`squad` (Rajpurkar et al. 2016): ASCII punctuation, English articles, white space, in every
language; so a Chinese or Thai answer is one word, and its F1 is nearly its exact match. XTREME
scores XQuAD and TyDiQA by it. `mlqa` (Lewis et al. 2020): every Unicode punctuation mark, the
language's own articles, and each Chinese character is a word. Its Arabic article is dropped
wherever its two letters stand, inside words too; the published numbers include that. It has no
rules for other languages; those that a config's `language_table` adds are scored without articles.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache

from xstilts.errors import check_name
from xstilts.languages import added_languages

ARTICLES: dict[str, str | None] = {  # MLQA's, by language
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "ar": "ال",
    "hi": None,
    "zh": None,
}
WORD = {"zh": r"[\u4e00-\u9fa5]|[^\s\u4e00-\u9fa5]+"}  # elsewhere: what stands between spaces


@cache
def _ascii_punctuation() -> dict[int, None]:
    return dict.fromkeys(map(ord, string.punctuation))


@cache
def _all_punctuation() -> dict[int, None]:
    """Every character of a Unicode category P, and ASCII's symbols."""
    marks = (at for at in range(sys.maxunicode) if unicodedata.category(chr(at))[0] == "P")
    return {**dict.fromkeys(marks), **_ascii_punctuation()}


def words(text: str, rules: str, language: str) -> list[str]:
    """What is left of an answer to compare.

    Args:
        text: the answer.
        rules: `squad` or `mlqa`.
        language: code of the language, which the SQuAD rules ignore.

    Raises:
        InputError: MLQA has no rules for the language, and no table added it.
    """
    if rules == "squad":
        marks, articles, word = _ascii_punctuation(), ARTICLES["en"], r"\S+"
    else:
        if language not in ARTICLES:
            known = [*ARTICLES, *added_languages()]
            check_name("language of MLQA's rules", language, known, "answers")
        marks, articles = _all_punctuation(), ARTICLES.get(language)
        word = WORD.get(language, r"\S+")
    bare = text.lower().translate(marks)
    return re.findall(word, re.sub(articles, " ", bare) if articles else bare)


def compare(
    answer: str | None, gold: Sequence[str], rules: str, language: str, answerable: bool
) -> tuple[float, float]:
    """(exact match, F1), 0 to 1: the best over the gold answers; a missing answer gets nothing.

    Where every question has an answer, two answers of which nothing is left match exactly and
    still share no word, so their F1 is 0, as in SQuAD 1.1's scorer; in SQuAD 2.0's it is 1.
    """
    if answer is None:
        return 0.0, 0.0
    answer_words = words(answer, rules, language)
    gold_words = [words(text, rules, language) for text in gold or [""]]
    return (
        max(float(answer_words == each) for each in gold_words),
        max(_f1(answer_words, each, answerable) for each in gold_words),
    )


def _f1(answer: list[str], gold: list[str], answerable: bool) -> float:
    if not answerable and not (answer and gold):
        return float(answer == gold)
    common = sum((Counter(answer) & Counter(gold)).values())
    if not common:
        return 0.0
    precision, recall = common / len(answer), common / len(gold)
    return 2 * precision * recall / (precision + recall)
