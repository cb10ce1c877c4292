"""Retrieval from pools, by the scripts of LAReQA and Mewsli-X."""

from __future__ import annotations

import contextlib
import io
import random
import sys

import numpy as np

from scorer_cases import Case, official


def lareqa() -> Case:
    lareqa_code = official("third_party.utils_lareqa")
    ranked_all = list(range(60))
    wanted: list[tuple[list[int], list[int]]] = [
        (ranked_all, [0]),
        (ranked_all, [19]),
        (ranked_all, [20]),
        (ranked_all, [50, 51]),
        (ranked_all, list(range(0, 22, 2))),
        (ranked_all, list(range(11))),
        (ranked_all, list(range(15, 26))),
        (ranked_all, list(range(25))),
        (ranked_all, list(range(5, 35))),
        (ranked_all, [0, 2, 30]),
    ]
    rng = random.Random(20)
    for count in (1, 3, 11, 11, 23):
        wanted.append((rng.sample(ranked_all, 40), sorted(rng.sample(ranked_all, count))))
    # Rankings that repeat a candidate or end early, which are in no mean.
    odd = [([3, 3, 4, 3, 5], [3, 5]), ([7, 8], [8, 9]), ([7], list(range(30)))]

    def scored(ranked: list[int], gold: list[int]) -> Case:
        value = lareqa_code.average_precision_at_k(gold, ranked, 20)
        return {"ranked": ranked, "gold": gold, "ap@20": value}

    return {
        "queries": [scored(*pair) for pair in wanted],
        "map@20": lareqa_mean(wanted),
        "odd": [scored(*pair) for pair in odd],
    }


def lareqa_mean(wanted: list[tuple[list[int], list[int]]]) -> float:
    """The mean that the official code prints, which it takes from encodings alone.

    One-dimensional encodings cannot give every ranking, so each query asks along an
    axis of its own, on which its candidates lie in the order of their ranks.
    """
    code = official("third_party.utils_lareqa")
    questions, candidates = code.QuestionSet(), code.CandidateSet()
    names = sorted({i for pair in wanted for ids in pair for i in ids})
    height = np.full((len(names), len(wanted)), -1e3)
    for axis, (ranked, _) in enumerate(wanted):
        question = code.Question("?", f"x{axis}", "en")
        question.encoding = np.eye(len(wanted))[axis]
        questions.add(question)
        for rank, name in enumerate(ranked):
            height[names.index(name), axis] = -rank
    for row, name in enumerate(names):
        candidate = code.Candidate("", "", "en", "en", name)
        candidate.encoding = {"sentences_and_contexts": height[row]}
        candidates.add_or_retrieve_candidate(candidate)
        for axis, (_, gold) in enumerate(wanted):
            if name in gold:
                candidates.update_xling_id(candidate, f"x{axis}")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code.mean_avg_prec_at_k(questions, candidates, k=20)
    return float(printed.getvalue().split(": ")[1].strip())


def lareqa_data() -> Case:
    """Questions, candidates and golds read from an invented file per language."""
    code = official("third_party.utils_lareqa")
    texts = {
        "en": ["Ann has a cat. It sleeps.\nIt eats.", "Rain fell. Rain fell. It stopped."],
        "de": [
            "Anna hat einen Hund. Er schläft.\nEr frisst.",
            "Es regnete. Es regnete. Es hörte auf.",
        ],
    }
    files = {}
    for language, (cat, rain) in texts.items():
        paragraphs = []
        for number, context in enumerate((cat, rain)):
            breaks, start = [], 0
            for end in [i + 1 for i, c in enumerate(context) if c == "."]:
                breaks.append([start, end])
                start = end + 1
            asked = [breaks[0][0], breaks[1][0] + 1, breaks[2][1] - 1, breaks[1][0]]
            qas = [
                {
                    "id": f"p{number}q{i}",
                    "question": f"{language} {number} {i}?",
                    "answers": [{"answer_start": at, "text": context[at]}],
                }
                for i, at in enumerate(asked)
            ]
            sentences = [context[a:b] for a, b in breaks]
            paragraphs.append(
                {"context": context, "qas": qas, "sentence_breaks": breaks, "sentences": sentences}
            )
        # A second article: paragraphs are numbered through.
        files[language] = {"data": [{"paragraphs": [p]} for p in paragraphs]}
    with contextlib.redirect_stdout(sys.stderr):
        questions, candidates = code.load_data(files)
    return {
        "files": files,
        "questions": [
            {
                "id": q.uid,
                "text": q.question,
                "gold": sorted(c.uid for c in candidates.by_xling_id[q.xling_id]),
            }
            for q in questions.as_list()
        ],
        "candidates": [
            {"id": c.uid, "sentence": c.sentence, "context": c.context}
            for c in candidates.as_list()
        ],
    }


def sentence_breaks() -> list[Case]:
    """Where the training texts of LAReQA are cut into sentences."""
    breaks = official("third_party.processors.sb_sed").infer_sentence_breaks
    texts = [
        "Ann came. Bob left.",
        "Ann came. bob left? Yes! No.",
        "Dr. Smith met J. K. Rowe in St. Ives. They talked.",
        'He said "Stop." "Why?" She ran.',
        "It fell 3.5 m. In May it rose.[2] However, it fell.",
        " Two  spaces.  Here too. ",
        "A line.\nAnother line\nand more. The end",
        "No. 5 and Vol. 2 are here. See p. 7. Born c. 1900 in the U.S. 42 people came.",
        "",
    ]
    return [{"text": text, "breaks": [list(pair) for pair in breaks(text)]} for text in texts]


def mewslix() -> list[Case]:
    ids = [f"Q{i}" for i in range(1, 31)]
    data: list[tuple[dict[str, list[str]], dict[str, list[str]]]] = [
        ({"m1": ids}, {"m1": ["Q1"]}),
        ({"m1": ids}, {"m1": ["Q4"]}),
        ({"m1": ids}, {"m1": ["Q20"]}),
        ({"m1": ids}, {"m1": ["Q21"]}),
        ({"m1": ids}, {"m1": [" Q2 "]}),
        ({"m1": ["Q2", "Q2", "Q3"]}, {"m1": ["Q3"]}),
        ({}, {"m1": ["Q1"]}),
        ({"m1": []}, {"m1": ["Q1"]}),
        ({"m1": ids, "m9": ids}, {"m1": ["Q3"], "m2": ["Q1"]}),
        ({f"m{i}": ids for i in range(1, 5)}, {f"m{i}": [f"Q{9 * i}"] for i in range(1, 5)}),
    ]
    score = official("evaluate").mewslix_map20
    return [{"ranked": r, "gold": g} | score(g, r) for r, g in data]


def mewslix_text() -> Case:
    """How the official baseline writes a mention and an entity down."""
    code = official("third_party.utils_mewslix")
    text = "Title {old}\n\nThe {big} man Smith met  Smith\nand {left. He  was {tired}. \nEnd here"
    cut = [0, 11, text.index(". He") + 1, text.index("}. ") + 2, len(text)]
    spans = [(0, 11), (13, cut[2]), (cut[2] + 1, cut[3]), (cut[4] - 8, cut[4])]
    first = text.index("Smith")
    second = text.index("Smith", first + 1)
    found = [(first, first + 5), (second, second + 5), (13, 16), (0, 5), (6, 11)]
    found += [(cut[2] + 1, cut[2] + 3), (cut[4] - 4, cut[4])]
    mentions = [
        {
            "example_id": f"m{i}",
            "mention_span": {"start": a, "end": b, "text": text[a:b]},
            "entity_id": "Q1",
        }
        for i, (a, b) in enumerate(found)
    ]
    context = {
        "document_title": "Title",
        "document_url": "",
        "document_id": "en-1",
        "language": "en",
        "text": text,
        "sentence_spans": [{"start": a, "end": b} for a, b in spans],
    }
    record = {"context": context, "mentions": mentions}
    loaded = code.ContextualMentions.from_json(record)
    with contextlib.redirect_stdout(sys.stderr):
        queries = {
            m.mention.example_id: code.preprocess_mention(m)
            for m in loaded.unnest_to_single_mention_per_context()
        }
    described = [
        ("One {thing}.  Two\nthings. Three.", [(0, 12), (14, 25), (26, 32)]),
        ("One thing. Not in a span. Three.", [(0, 10), (26, 32)]),
        ("四 つ。五つ。", [(0, 4), (4, 7)]),
        ("Many    spaces.", [(0, 15)]),
    ]
    entities = []
    for number, (description, where) in enumerate(described):
        entity = {
            "entity_id": f"Q{number}",
            "title": "Thing",
            "description": description,
            "description_language": "en",
            "description_url": "",
            "sentence_spans": [{"start": a, "end": b} for a, b in where],
        }
        built = code.preprocess_entity_description(code.Entity.from_json(entity))
        entities.append({"record": entity, "text": built})
    return {"mentions": record, "queries": queries, "entities": entities}
