"""Scores equal the official scorers'.

`reference/scorers.json` holds what the official programs themselves printed (XTREME's scripts,
seqeval 0.0.12; `reference/make_scorers.py` ran them); the other values are worked out by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.study import ROOT

from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.errors import InputError
from xstilts.evaluation.metrics import evaluate_metric
from xstilts.io.formats import read_rows
from xstilts.kinds import (
    Reference,
    ScoringInput,
    bitext,
    classification,
    dual_encoder,
    mining,
    span_qa,
    tagging,
)
from xstilts.kinds._qa_metrics import compare, words
from xstilts.kinds._span_f1 import spans
from xstilts.report.xtreme_summary import OVERALL, target_scores
from xstilts.tasks import tasks
from xstilts.tasks.squad_retrieval import answering_sentence

OFFICIAL = json.loads((ROOT / "tests/reference/scorers.json").read_text(encoding="utf-8"))


def rows_of(*examples: int) -> EncodedExamples:
    """Encoded rows that belong to these examples."""
    return EncodedExamples.of(
        {"example": example, "sequences": [[0]]} for example in (examples or (0,))
    )


def value(metric: str, statistics: Any) -> float:
    return evaluate_metric(metric, statistics, resamples=0)[0]


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=str(at)) for at, case in enumerate(OFFICIAL[name])]


# Tagging


@pytest.mark.parametrize("case", cases("seqeval"))
def test_span_f1_is_that_of_seqeval_0_0_12(case: Any) -> None:
    statistics = tagging.KIND.compute_statistics(
        case["predicted"], case["gold"], tasks()["udpos"], "en"
    )
    assert value("span_f1", statistics) == pytest.approx(case["f1"], abs=1e-9)
    assert value("precision", statistics) == pytest.approx(case["precision"], abs=1e-9)
    assert value("recall", statistics) == pytest.approx(case["recall"], abs=1e-9)


def test_neighbours_with_the_same_tag_are_one_span() -> None:
    assert spans(["NOUN", "NOUN", "VERB"]) == [(0, 2, "NOUN"), (2, 3, "VERB")]


def test_sconj_and_sym_never_merge_since_s_is_a_span_of_one_word() -> None:
    assert spans(["SCONJ", "SCONJ"]) == [(0, 1, "SCONJ"), (1, 2, "SCONJ")]


def test_cconj_for_sconj_is_an_error() -> None:
    """By hand: of the spans CCONJ(0) NOUN(1), the second is found: F1 1/2, as in seqeval 0.0.12.

    seqeval 1.2.2 would say 1: it reads both tags as CONJ.
    """
    statistics = tagging.KIND.compute_statistics(
        [["SCONJ", "NOUN"]], [["CCONJ", "NOUN"]], tasks()["udpos"], "en"
    )
    assert value("span_f1", statistics) == 50.0
    assert value("token_accuracy", statistics) == 50.0


def test_entities_by_hand() -> None:
    tags = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-ORG"]
    assert spans(tags) == [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC"), (5, 6, "ORG")]


def test_span_f1_and_accuracy_differ_where_runs_break() -> None:
    # gold spans A(0,2) B(2,3); predicted A(0,1) B(1,3): no hit. Second sentence: 1 hit of 1 and 1.
    statistics = tagging.KIND.compute_statistics(
        [["A", "X", "X"], ["A"]], [["A", "A", "X"], ["A"]], tasks()["udpos"], "en"
    )
    assert value("span_f1", statistics) == pytest.approx(100 * 2 / 6)
    assert value("token_accuracy", statistics) == 75.0


def test_the_second_reading_has_its_own_scores() -> None:
    """By hand: the first reading gets one of two tags right, the second both."""
    asked = ScoringInput(
        task=tasks()["udpos"],
        language="zh",
        labels=["NOUN", "VERB"],
        rows=rows_of(0),
        examples=[{"id": "1", "tags": ["NOUN", "VERB"]}],
    )
    scored = tagging.KIND.score([([1, 1], [0, 1])], asked)
    assert value("token_accuracy", scored.statistics) == 50.0
    assert value("token_accuracy_real_piece", scored.statistics) == 100.0
    assert value("span_f1", scored.statistics) == 0.0  # VERB(0,2) against NOUN(0,1) VERB(1,2)
    assert value("span_f1_real_piece", scored.statistics) == 100.0
    assert scored.predictions == ["VERB VERB"]  # the official reading


# Question answering


def answer_scores(case: Any, task: str, language: str) -> tuple[float, float]:
    questions = [
        question
        for article in case["gold"]["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    answers = [case["predictions"].get(question["id"]) for question in questions]
    gold = [[answer["text"] for answer in question["answers"]] for question in questions]
    statistics = span_qa.KIND.compute_statistics(answers, gold, tasks()[task], language)
    return value("exact_match", statistics), value("f1", statistics)


@pytest.mark.parametrize("task", ["xquad", "tydiqa"])
@pytest.mark.parametrize("case", cases("squad"))
def test_xquad_and_tydiqa_follow_the_squad_rules_in_every_language(case: Any, task: str) -> None:
    expected = pytest.approx((case["exact_match"], case["f1"]), abs=1e-9)
    assert answer_scores(case, task, "zh") == expected


@pytest.mark.parametrize("case", cases("mlqa"))
def test_mlqa_follows_its_own_rules(case: Any) -> None:
    expected = pytest.approx((case["exact_match"], case["f1"]), abs=1e-9)
    assert answer_scores(case, "mlqa", case["language"]) == expected


def test_a_chinese_answer_is_one_word_to_squad_and_many_to_mlqa() -> None:
    # 4 of the prediction's 4 and of the gold's 5 characters: F1 8/9; as whole words, nothing.
    assert compare("北京大学", ["北京大学堂"], "squad", "zh", True) == (0.0, 0.0)
    assert compare("北京大学", ["北京大学堂"], "mlqa", "zh", True) == (0.0, pytest.approx(8 / 9))


def test_the_arabic_article_is_dropped_inside_words_too() -> None:
    assert words("خالد", "mlqa", "ar") == ["خ", "د"]  # a name that holds its two letters


def test_an_answer_of_which_nothing_is_left_matches_but_shares_no_word() -> None:
    assert compare("the", ["a"], "squad", "en", True) == (1.0, 0.0)


def test_no_answer_is_right_where_there_is_none() -> None:
    assert compare("", [], "squad", "en", False) == (1.0, 1.0)
    assert compare("cat", [], "squad", "en", False) == (0.0, 0.0)


def test_a_question_without_a_prediction_scores_zero_and_counts() -> None:
    statistics = span_qa.KIND.compute_statistics(
        [None, "cat"], [["cat"], ["cat"]], tasks()["xquad"], "en"
    )
    assert value("exact_match", statistics) == 50.0


def test_mlqa_has_no_rules_for_other_languages() -> None:
    with pytest.raises(InputError, match="unknown language of MLQA's rules 'sw'"):
        compare("paka", ["paka"], "mlqa", "sw", True)


def test_the_qa_score_is_the_mean_of_exact_match_and_f1() -> None:
    # exact match 1/2, F1 (1 + 2/3) / 2 = 5/6: their mean is 2/3
    statistics = span_qa.KIND.compute_statistics(
        ["cat", "black cat"], [["cat"], ["cat"]], tasks()["xquad"], "en"
    )
    assert value("qa", statistics) == pytest.approx(100 * 2 / 3)


def test_an_answer_is_the_text_of_the_context_itself() -> None:
    """Chinese answers put together from pieces break; a stretch of the context cannot."""
    asked = ScoringInput(
        task=tasks()["mlqa"],
        language="zh",
        labels=[],
        rows=rows_of(0, 0),
        examples=[{"id": "q", "context": "他在北京大学。", "answers": ["北京大学"]}],
    )
    scored = span_qa.KIND.score([(1.0, 0, 1, 0.0), (2.0, 2, 6, 0.0)], asked)
    assert scored.predictions == ["北京大学"]
    assert value("exact_match", scored.statistics) == 100.0


# Classification


def test_accuracy_by_hand() -> None:
    gold = [{"id": str(at), "label": label} for at, label in enumerate([0, 1, 1, 2])]
    labels = ["entailment", "neutral", "contradiction"]
    asked = ScoringInput(
        task=tasks()["xnli"], language="en", labels=labels, rows=rows_of(), examples=gold
    )
    scored = classification.KIND.score([0, 1, 2, 2], asked)
    assert value("accuracy", scored.statistics) == 75.0


def test_the_bootstrap_interval_is_that_of_a_binomial() -> None:
    # 400 examples, 60% right: normal approximation 60 +- 1.96 * sqrt(.6 * .4 / 400) = 4.8 points
    correct = np.repeat([1.0, 0.0], [240, 160])
    middle, low, high = evaluate_metric("accuracy", {"correct": correct}, 4000)
    assert middle == 60.0
    assert low == pytest.approx(60 - 4.8, abs=0.7)
    assert high == pytest.approx(60 + 4.8, abs=0.7)


# Retrieval


def test_tatoeba_asks_in_english_and_looks_in_the_other_language() -> None:
    """By hand: both English sentences are nearest to the first foreign one, so one is right."""
    outputs = [np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [0.8, 0.6]])]
    examples = [{"id": "1"}, {"id": "2"}]
    asked = ScoringInput(
        task=tasks()["tatoeba"], language="sw", labels=[], rows=rows_of(), examples=examples
    )
    scored = bitext.KIND.score(outputs, asked)
    assert scored.predictions == ["0", "0"]
    assert value("retrieval_accuracy", scored.statistics) == 50.0
    assert scored.chance == 1 / 2  # of two sentences, one


@pytest.mark.parametrize("case", OFFICIAL["lareqa"]["queries"], ids=str)
def test_average_precision_is_that_of_lareqa(case: Any) -> None:
    statistics = dual_encoder.KIND.compute_statistics(
        [case["ranked"]], [set(case["gold"])], tasks()["lareqa"], "en"
    )
    assert value("map@20", statistics) == pytest.approx(100 * case["ap@20"], abs=1e-9)


def test_mean_average_precision_is_that_of_lareqa() -> None:
    queries = OFFICIAL["lareqa"]["queries"]
    ranked, gold = zip(*((each["ranked"], set(each["gold"])) for each in queries), strict=True)
    statistics = dual_encoder.KIND.compute_statistics(ranked, gold, tasks()["lareqa"], "en")
    expected = pytest.approx(100 * OFFICIAL["lareqa"]["map@20"], abs=1e-9)
    assert value("map@20", statistics) == expected


def test_eleven_right_candidates_of_which_the_second_and_third_rank_are_two() -> None:
    # precision 1/2 at rank 2 and 2/3 at rank 3, over the 11 that there are
    gold = {f"c{at}" for at in range(11)}
    statistics = dual_encoder.KIND.compute_statistics(
        [["x", "c0", "c1"]], [gold], tasks()["lareqa"], "en"
    )
    assert value("map@20", statistics) == pytest.approx(100 * (1 / 2 + 2 / 3) / 11)


def test_thirty_right_candidates_divide_by_twenty() -> None:
    ranked = [f"c{at}" for at in range(30)]
    statistics = dual_encoder.KIND.compute_statistics(
        [ranked], [set(ranked)], tasks()["lareqa"], "en"
    )
    assert value("map@20", statistics) == 100.0


@pytest.mark.parametrize("case", cases("mewslix"))
def test_the_published_map_of_mewslix_is_a_reciprocal_rank(case: Any) -> None:
    names = list(case["gold"])
    answers = [case["ranked"].get(name, []) for name in names]  # a missing one scores 0
    gold = [{entity.strip() for entity in case["gold"][name]} for name in names]
    statistics = dual_encoder.KIND.compute_statistics(answers, gold, tasks()["mewslix"], "en")
    assert value("mrr@20", statistics) == pytest.approx(case["map@20"], abs=1e-9)


def test_candidates_of_all_languages_compete_and_share_keys() -> None:
    """By hand: first a wrong candidate, then right ones of two languages: AP (1/2 + 2/3) / 2."""
    pool = [
        {"id": "en:1", "candidate": "b", "keys": []},
        {"id": "en:2", "candidate": "a", "keys": ["q", "r"]},
        {"id": "de:1", "candidate": "a", "keys": ["q"]},
        {"id": "en:q", "candidate": None, "keys": ["q"]},  # a query is no candidate
    ]
    vectors = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8]])
    outputs: list[Any] = [*([None, vector] for vector in vectors), [vectors[0], None]]
    asked = ScoringInput(
        task=tasks()["lareqa"],
        language="en",
        labels=[],
        rows=rows_of(),
        examples=[{"id": "q", "query": "?", "keys": ["q"]}],
        reference=Reference(outputs=outputs, examples=pool),
    )
    scored = dual_encoder.KIND.score([[vectors[0], None]], asked)
    assert scored.predictions == ["en:1 en:2 de:1"]
    assert value("map@20", scored.statistics) == pytest.approx(100 * (1 / 2 + 2 / 3) / 2)
    assert value("mrr@20", scored.statistics) == 50.0


def test_the_pool_of_lareqa_is_that_of_the_official_script(tmp_path: Path) -> None:
    """Texts of all candidates, and which of them answer each question."""
    official = OFFICIAL["lareqa_data"]
    text = {
        each["id"]: (each["sentence"] + each["context"]).replace("\n", "")
        for each in official["candidates"]
    }
    gold: dict[str, list[str]] = {}
    for language, content in official["files"].items():
        file = tmp_path / f"{language}.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        rows = [row for _, row in read_rows([file], "xquad_r")]
        ours = [row["candidate"] for row in rows if row["candidate"]]
        theirs = [each for name, each in text.items() if name.startswith(f"{language}_")]
        assert ours == theirs
        for row in rows:
            for key in row["keys"] if row["candidate"] else ():
                gold.setdefault(key, []).append(row["candidate"])
    for question in official["questions"]:
        name = question["id"].rpartition("_")[0]
        assert sorted(gold.get(name, [])) == sorted(text[each] for each in question["gold"])


@pytest.mark.parametrize("case", cases("sentence_breaks"))
def test_sentences_to_train_lareqa_on_end_where_the_official_splitter_ends_them(case: Any) -> None:
    for begin, end in case["breaks"]:
        row = {"context": case["text"], "answers": {"answer_start": [begin]}}
        found = answering_sentence(row)["candidate"].removesuffix(case["text"].replace("\n", ""))
        assert found == case["text"][begin:end].replace("\n", "")


# The benchmark's summary

TASKS = {"panx": "wikiann", "bucc2018": "bucc"}  # XTREME's names of ours


@pytest.mark.parametrize("case", cases("driver"))
def test_target_scores_are_those_of_xtremes_driver(case: Any) -> None:
    """Plain means over languages, English included; of QA, of exact match and F1."""
    rows = [
        {
            "target": TASKS.get(name, name),
            "language": language,
            "value": (scores["exact_match"] + scores["f1"]) / 2
            if "exact_match" in scores
            else scores.get("f1", scores.get("accuracy", scores.get("map@20"))),
        }
        for name, languages in case["scores"].items()
        for language, scores in languages.items()
    ]
    run = {"model": "m", "intermediate": "none", "seed": 1, "reported": True}
    found = target_scores(pd.DataFrame([{**row, **run} for row in rows]))
    values = found.set_index("target")["value"].to_dict()
    overall = values.pop(OVERALL)
    assert values == pytest.approx(
        {TASKS.get(name, name): each["avg_metric"] for name, each in case["averages"].items()}
    )
    # XTREME-R's driver never prints one, and XTREME's only where all nine tasks are there.
    assert overall == pytest.approx(case["overall"].get("all_task", np.mean(list(values.values()))))


def test_a_run_that_lacks_cells_has_no_overall_score() -> None:
    run = {"model": "m", "seed": 1, "reported": True, "target": "xnli", "value": 50.0}
    cells = [
        {**run, "intermediate": name, "language": language}
        for name, languages in (("none", "en de"), ("mnli", "en"))
        for language in languages.split()
    ]
    found = target_scores(pd.DataFrame(cells))
    assert found[found["target"] == OVERALL]["intermediate"].tolist() == ["none"]


# Mining


def test_repeated_sentences_are_those_that_the_official_script_drops() -> None:
    reading = OFFICIAL["bucc"]["reading"]
    for at, side in enumerate(("source", "target")):
        examples = [{"id": name, side: text} for name, text in reading[side]]
        kept = {name for name in mining.pool_of(examples, side).names if name}
        assert kept == {pair[at] for pair in reading["kept"]}


@pytest.mark.parametrize("case", OFFICIAL["bucc"]["thresholds"], ids=lambda _: "")
def test_the_threshold_of_bucc_is_tuned_on_dev_and_used_on_test(case: Any) -> None:
    def mined(part: Any) -> list[tuple[float, tuple[str, str]]]:
        ranked = sorted(part["candidates"], key=lambda each: -each[2])
        return [(score, (source, target)) for source, target, score in ranked]

    def gold(part: Any) -> list[tuple[str, str]]:
        return [tuple(line.split("\t")) for line in part["gold"]]

    threshold = mining.best_threshold(mined(case["dev"]), gold(case["dev"]))
    assert threshold == pytest.approx(case["threshold"], abs=1e-12)
    for part in (case["dev"], case["test"]):
        answers = [pair for score, pair in mined(part) if score >= threshold]
        statistics = mining.KIND.compute_statistics(answers, gold(part), tasks()["bucc"], "de")
        for metric, name in (("mining_f1", "f1"), ("precision", "precision"), ("recall", "recall")):
            assert value(metric, statistics) == pytest.approx(part[name], abs=1e-9)


@pytest.mark.parametrize("case", OFFICIAL["bucc"]["margin"], ids=lambda _: "")
def test_mined_pairs_are_those_of_the_official_ratio_margin(case: Any) -> None:
    sides = [np.array(case[side], dtype=np.float32) for side in ("source", "target")]
    outputs = [[vector, None] for vector in sides[0]] + [[None, vector] for vector in sides[1]]
    examples = [{"id": f"s{at}", "source": f"s{at}", "target": None} for at in range(len(sides[0]))]
    examples += [
        {"id": f"t{at}", "source": None, "target": f"t{at}"} for at in range(len(sides[1]))
    ]
    found = {pair: margin for margin, pair in mining.mine(outputs, examples)}
    expected = {(f"s{source}", f"t{target}"): score for source, target, score in case["mined"]}
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_sentence_that_stands_twice_is_never_mined() -> None:
    """By hand: x stands twice among the sources, so its pair is dropped though it is nearest."""
    unit = np.eye(3, dtype=np.float32)
    outputs = [[unit[at], None] for at in (0, 0, 1)] + [[None, unit[at]] for at in (0, 1)]
    examples = [{"id": f"s{at}", "source": text, "target": None} for at, text in enumerate("xxy")]
    examples += [{"id": f"t{at}", "source": None, "target": text} for at, text in enumerate("XY")]
    assert [pair for _, pair in mining.mine(outputs, examples)] == [("s2", "t1")]
