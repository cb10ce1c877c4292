"""Freeze what the official XTREME scorers answer on small invented inputs.

Usage: python make_scorers.py XTREME_CHECKOUT SEQEVAL_FOLDER > scorers.json

XTREME_CHECKOUT is a work tree of github.com/google-research/xtreme at commit
838c13b69daafb9328785d16caae2711e4012123 (3 November 2022), SEQEVAL_FOLDER the
unpacked source of seqeval 0.0.12 (the version of XTREME's environment). numpy and
faiss-cpu (1.15.1 was used; faiss can come by PYTHONPATH) have to be importable;
torch and transformers are not needed. Every number in the output comes out of that
code, which is imported, not copied; only the inputs are made up here.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import random
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

Case = dict[str, Any]
Split = tuple[dict[tuple[str, str], float], list[str]]  # candidate scores, gold pairs
UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
]
IOB = ["O", "O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


def official(name: str) -> Any:
    """A module of the checkout, imported without its complaints about syntax."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


# ---- tagging -------------------------------------------------------------------


def tag_case(gold: list[list[str]], predicted: list[list[str]]) -> Case:
    scores: Case = official("evaluate").f1(gold, predicted)
    return {"gold": gold, "predicted": predicted} | scores


def random_tags(rng: random.Random, tags: list[str]) -> Case:
    """Sentences of few tags, so that runs occur, and a prediction near the gold."""
    gold, predicted = [], []
    for _ in range(rng.randint(1, 5)):
        gold.append([rng.choice(tags) for _ in range(rng.randint(1, 8))])
        predicted.append([t if rng.random() < 0.7 else rng.choice(tags) for t in gold[-1]])
    return tag_case(gold, predicted)


def seqeval_cases() -> list[Case]:
    rng = random.Random(12)
    # A tag's first letter decides: these begin with those of O, B, I, E and S,
    # or end alike after a hyphen that they do not have.
    always = ["CCONJ SCONJ NOUN", "SYM INTJ", "INTJ X", "SCONJ SYM", "SYM SYM PUNCT"]
    groups = [a.split() for a in always] * 2
    groups += [rng.sample(UPOS, rng.randint(2, 4)) for _ in range(31)]
    cases = [random_tags(rng, tags) for tags in groups]
    cases += [random_tags(rng, IOB) for _ in range(24)]
    cases += [random_tags(rng, ["O", "B-PER", "I-PER", "I-ORG"]) for _ in range(10)]
    for gold, predicted in [
        ("O I-PER I-PER O", "O B-PER I-PER O"),
        ("B-PER I-ORG I-ORG", "B-PER B-ORG I-ORG"),
        ("B-LOC B-LOC", "B-LOC I-LOC"),
        ("O O O", "O O O"),
        ("O O O", "B-PER O O"),
        ("B-PER O O", "O O O"),
        ("I-LOC", "B-LOC"),
        ("SYM SYM SYM", "SYM SYM SYM"),
        ("INTJ INTJ INTJ", "INTJ INTJ NOUN"),
        ("SCONJ CCONJ CCONJ", "SCONJ SCONJ CCONJ"),
        ("NOUN NOUN VERB", "NOUN VERB VERB"),
    ]:
        cases.append(tag_case([gold.split()], [predicted.split()]))
    # Runs and entities stop at the end of a sentence.
    cases.append(tag_case([["NOUN"], ["NOUN"]], [["NOUN"], ["VERB"]]))
    cases.append(tag_case([["B-PER"], ["I-PER"]], [["B-PER"], ["B-PER"]]))
    return cases


# ---- question answering --------------------------------------------------------


def qa_case(rows: list[tuple[str | None, list[str]]], language: str | None = None) -> Case:
    """Score (prediction or None for a missing one, gold answers) rows as one data set."""
    qas = [
        {
            "id": f"q{i}",
            "question": "?",
            "answers": [{"text": text, "answer_start": 0} for text in answers],
        }
        for i, (_, answers) in enumerate(rows)
    ]
    gold = {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": "", "qas": qas}]}]}
    predictions = {f"q{i}": text for i, (text, _) in enumerate(rows) if text is not None}
    case: Case = {} if language is None else {"language": language}
    case |= {"predictions": predictions, "gold": gold}
    score = (
        official("evaluate").squad_em_f1 if language is None else official("evaluate").mlqa_em_f1
    )
    scores: Case = score(gold["data"], predictions, language)
    return case | scores


SQUAD: list[tuple[str | None, list[str]]] = [
    ("The red house", ["red house"]),
    ("a red house", ["an old red house"]),
    ("theatre and an answer", ["theatre answer"]),
    ("A-team", ["a team"]),
    ("the-end", ["end"]),
    ("U.S.A.", ["usa"]),
    ("well, yes!", ["Well yes"]),
    ("12,000.5", ["12 0005"]),
    ("“quoted”", ["quoted"]),
    ("sí, ¿quién?", ["Sí quién"]),
    ("snow – white", ["snow white"]),
    ("three dogs", ["dogs", "three big dogs", "dogs three"]),
    ("nothing alike", ["some", "other"]),
    ("北京大学", ["北京大学"]),
    ("北京大学", ["北京"]),
    ("北京 大学", ["北京", "大学 北京"]),
    ("北京。", ["北京"]),
    ("กรุงเทพ", ["กรุงเทพมหานคร"]),
    ("the", ["the"]),
    ("", ["a"]),
    ("", ["house"]),
    ("the", ["house", "an"]),
    ("!", ["?"]),
    (None, ["house"]),
    (None, ["the"]),
    ("la la la", ["la la"]),
    ("la", ["la la la"]),
    ("one two one", ["two one two"]),
    ("  many \t spaces\n here ", ["many spaces here"]),
    ("ÉTÉ", ["été"]),
    ("İstanbul", ["istanbul"]),
    ("ＡＢＣ", ["abc"]),
    ("no\u00a0break", ["no break"]),
    ("the_end a_b", ["theend ab"]),
]

MLQA: dict[str, list[tuple[str | None, list[str]]]] = {
    "en": [
        ("The red house", ["a red house"]),
        ("“red” – house", ["red house"]),
        ("the", ["an"]),
        ("", ["the"]),
        ("anthem", ["them"]),
        ("$5 + 3", ["5 3"]),
        (None, ["house"]),
        ("big dog", ["dog", "big old dog"]),
    ],
    "es": [
        ("El perro", ["perro"]),
        ("los perros de una casa", ["perros de la casa"]),
        ("¿Quién?", ["quién"]),
        ("«un elefante»", ["elefante"]),
        ("unas", ["las"]),
        ("uno", ["un"]),
        ("lo bueno", ["bueno"]),
        (None, ["perro"]),
    ],
    "de": [
        ("Der Hund", ["den Hund"]),
        ("„eines Abends“", ["Abends"]),
        ("dem Haus des Mannes", ["Haus Mannes"]),
        ("keine Katze", ["Katze"]),
        ("die", ["das"]),
        ("Straße", ["strasse"]),
        (None, ["Hund"]),
    ],
    "ar": [
        ("البيت", ["بيت"]),
        ("بيت الرجل", ["بيت رجل"]),
        ("والبيت", ["و بيت"]),
        ("رجال", ["رج"]),
        ("ال", ["الال"]),
        ("مال، كثير؟", ["مال كثير"]),
        ("سؤالان", ["سؤ ان"]),
        ("١٢ كتاب", ["12 كتاب"]),
        (None, ["بيت"]),
    ],
    "hi": [
        ("लाल घर।", ["लाल घर"]),
        ("एक घर", ["घर"]),
        ("घर, घर", ["घर"]),
        ("१२", ["12"]),
        ("the घर", ["घर"]),
        ("।", [""]),
        (None, ["घर"]),
    ],
    "vi": [
        ("những con mèo", ["con mèo"]),
        ("nhà của tôi", ["nhà tôi"]),
        ("cái", ["chiếc"]),
        ("là gì?", ["gì"]),
        ("láng", ["ng"]),
        ("của nhà", ["nhà"]),
        ("cu\u0309a nha\u0300", ["nhà"]),
        (None, ["nhà"]),
    ],
    "zh": [
        ("北京大学", ["北京"]),
        ("北京，大学。", ["北京大学"]),
        ("《红》、「绿」", ["红绿"]),
        ("iPhone手机2台", ["iphone 手机 2 台"]),
        ("abc def中", ["abc 中"]),
        ("2008年8月", ["2008年"]),
        ("the 年", ["年"]),
        ("。", [""]),
        ("龦龥", ["龦 龥"]),
        ("㐀㐁", ["㐀"]),
        (None, ["年"]),
    ],
}


def qa_cases(rows: list[tuple[str | None, list[str]]], language: str | None = None) -> list[Case]:
    """Each row alone, then all together."""
    return [qa_case([row], language) for row in rows] + [qa_case(rows, language)]


# ---- retrieval -----------------------------------------------------------------


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


# ---- bitext mining -------------------------------------------------------------


def bucc_split(rng: random.Random, size: int, shift: float) -> Split:
    """Candidate pairs with scores, the correct ones higher on the whole, and golds."""
    scores, gold = {}, []
    for i in range(size):
        right = rng.random() < 0.5
        # Two decimals, so that some scores are equal.
        score = round(rng.gauss(1.1 + shift + (0.08 if right else 0.0), 0.05), 2)
        scores[(f"xx-{i:03d}", f"en-{i:03d}")] = score
        if right:
            gold.append(f"xx-{i:03d}\ten-{i:03d}")
    # The last of the ranking must not be the best cut: it has no next one to average with.
    scores[("xx-900", "en-901")] = 0.5
    gold += ["xx-950\ten-950", "xx-951\ten-951"]  # never among the candidates
    return scores, gold


def bucc_case(dev: Split, test: Split) -> Case:
    code, driver = official("third_party.utils_retrieve"), official("evaluate")
    threshold = code.bucc_optimize(dev[0], set(dev[1]))
    case: Case = {"threshold": threshold}
    for name, (scores, gold) in (("dev", dev), ("test", test)):
        pairs = code.bucc_extract(scores, threshold, None)
        case[name] = {
            "candidates": [[*pair, score] for pair, score in scores.items()],
            "gold": gold,
            "extracted": pairs,
        } | driver.bucc_f1(gold, pairs)
    return case


def bucc_reading(folder: Path) -> Case:
    """Which candidates stay once sentences that occur twice in a file are left out."""
    code = official("third_party.utils_retrieve")
    sides = {
        "source": [["xx-1", "eins"], ["xx-2", "zwei"], ["xx-3", "eins"], ["xx-4", " vier "]],
        "target": [["en-1", "one"], ["en-2", "two"], ["en-3", "four"], ["en-4", "two"]],
    }
    for side, rows in sides.items():
        (folder / f"{side}.id").write_text("".join(f"{i}\n" for i, _ in rows), encoding="utf-8")
        (folder / f"{side}.txt").write_text("".join(f"{s}\n" for _, s in rows), encoding="utf-8")
    candidates = [
        [1.3, "eins", "one"],
        [1.2, "zwei", "one"],
        [1.25, "zwei", "one"],
        [1.1, "zwei", "two"],
        [1.05, "vier", "four"],
        [1.01, "fünf", "four"],
    ]
    (folder / "candidates").write_text(
        "".join(f"{s}\t{a}\t{b}\n" for s, a, b in candidates), encoding="utf-8"
    )
    files = [str(folder / n) for n in ("source.txt", "target.txt", "source.id", "target.id")]
    with contextlib.redirect_stdout(sys.stderr):
        kept = code.read_candidate2score(str(folder / "candidates"), *files)
    return sides | {"candidates": candidates, "kept": [[*pair, s] for pair, s in kept.items()]}


def margin_case(folder: Path, seed: int, sizes: tuple[int, int], dimensions: int) -> Case:
    """Mine pairs of unit vectors by ratio margin, k = 4, both directions."""
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(sizes[0], dimensions)) + 0.6
    target = rng.normal(size=(sizes[1], dimensions)) + 0.6
    near = min(sizes) // 2  # these are translations of each other
    target[:near] = source[:near] + 0.5 * rng.normal(size=(near, dimensions))
    vectors = [np.round(v / np.linalg.norm(v, axis=1, keepdims=True), 4) for v in (source, target)]
    for name, count in zip("st", sizes, strict=True):
        (folder / name).write_text("".join(f"{name}{i}\n" for i in range(count)), encoding="utf-8")
    files = [str(folder / name) for name in ("s", "t", "mined")]
    copies = [np.ascontiguousarray(v, dtype=np.float32) for v in vectors]
    with contextlib.redirect_stdout(sys.stderr):
        official("third_party.utils_retrieve").mine_bitext(*copies, *files, dist="cosine")
    rows = [
        line.split("\t") for line in (folder / "mined").read_text(encoding="utf-8").splitlines()
    ]
    return {
        "source": vectors[0].tolist(),
        "target": vectors[1].tolist(),
        "mined": [[int(a[1:]), int(b[1:]), float(score)] for score, a, b in rows],
    }


def bucc(folder: Path) -> Case:
    rng = random.Random(2018)
    cases = [
        bucc_case(bucc_split(rng, 30, 0.0), bucc_split(rng, 40, shift))
        for shift in (0.0, 0.05, -0.05)
    ]
    pair = ("xx-1", "en-1")
    tied = {pair: 1.2, ("xx-2", "en-2"): 1.2, ("xx-3", "en-3"): 1.0}
    cases.append(bucc_case((tied, ["xx-1\ten-1"]), (tied, ["xx-1\ten-1", "xx-3\ten-3"])))
    wrong = {pair: 1.2, ("xx-2", "en-2"): 1.1}
    cases.append(bucc_case((wrong, ["xx-9\ten-9"]), (tied, ["xx-3\ten-3"])))
    margin = [
        margin_case(folder, 1, (12, 10), 8),
        margin_case(folder, 2, (6, 3), 5),
        margin_case(folder, 3, (9, 14), 6),
    ]
    return {"thresholds": cases, "reading": bucc_reading(folder), "margin": margin}


# ---- the driver ----------------------------------------------------------------


def driver_case(folder: Path, version: str, tasks: list[str], seed: int) -> Case:
    """What evaluate.py averages out of invented scores of each task and language."""
    code, rng = official("evaluate"), random.Random(seed)
    languages = code.XTREME_VERSIONS_LANG_DICT[version]
    groups = code.XTREME_VERSIONS_GROUP_DICT[version]
    kinds = {"f1": ["f1", "precision", "recall"], "bucc_f1": ["f1", "precision", "recall"]}
    kinds |= {"accuracy": ["accuracy"], "mewslix_map20": ["map@20"]}
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for task in tasks:
        metrics = kinds.get(code.METRIC_FUNCTION[task].__name__, ["exact_match", "f1"])
        (folder / version / task).mkdir(parents=True)
        scores[task] = {}
        for language in languages[task]:
            suffix = code.get_suffix(task, groups)
            (folder / version / task / f"test-{language}.{suffix}").touch()
            scores[task][language] = {m: round(rng.uniform(20, 90), 1) for m in metrics}

    def answer(prediction_file: str, label_file: str, task: str, language: str) -> dict[str, float]:
        return scores[task][language]

    where = str(folder / version)
    with mock.patch.object(code, "evaluate_one_task", answer):
        overall, detailed = code.evaluate(where, where, version)
    averages = {
        t: {k: v for k, v in d.items() if k.startswith("avg_")} for t, d in detailed.items()
    }
    return {"version": version, "scores": scores, "averages": averages, "overall": overall}


def driver(folder: Path) -> list[Case]:
    code = official("evaluate")
    extended = [t for t in code.XTREME_R_TASK2LANGS if t != "lareqa"]  # never scored there
    return [
        driver_case(folder / "a", "xtreme", list(code.XTREME_TASK2LANGS), 1),
        driver_case(folder / "b", "xtreme", ["xquad", "xnli", "pawsx"], 2),
        driver_case(folder / "c", "xtreme-r", extended, 3),
    ]


def show(value: Any, depth: int) -> str:
    """JSON with a line for each case, at a readable length."""
    if depth and isinstance(value, dict) and value:
        rows = [f"{json.dumps(k)}: {show(v, depth - 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n}"
    if depth and isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(show(v, 0) for v in value) + "\n]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    sys.path[:0] = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = {
            "seqeval": seqeval_cases(),
            "squad": qa_cases(SQUAD),
            "mlqa": [c for language, rows in MLQA.items() for c in qa_cases(rows, language)],
            "lareqa": lareqa(),
            "lareqa_data": lareqa_data(),
            "sentence_breaks": sentence_breaks(),
            "mewslix": mewslix(),
            "mewslix_text": mewslix_text(),
            "bucc": bucc(folder),
            "driver": driver(folder),
        }
    print(show(out, 2))


if __name__ == "__main__":
    main()
