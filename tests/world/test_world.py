"""The embedded world: what is planted is there, and the truth follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from xstilts.kinds import kind_of
from xstilts.tasks import target_tasks, tasks
from xstilts.world import TOPICS, World
from xstilts.world.examples import SKILLS, examples
from xstilts.world.lexicon import alignments, concepts, embeddings, words
from xstilts.world.planted import TEXTS, planted_similarity, text_shares
from xstilts.world.truth import DOSES, _expected_gaps

WORLD = World(train=50, dev=10, test=20)


def test_every_task_of_the_study_exists_in_the_world() -> None:
    assert set(SKILLS) == set(tasks())


@pytest.mark.parametrize("name", tasks())
def test_examples_have_the_canonical_columns(name: str) -> None:
    example = examples(WORLD, name, "en", "dev")[0]
    assert set(example) == {"id", *kind_of(tasks()[name]).columns}


def test_a_word_has_the_planted_cosine_with_english() -> None:
    vectors = embeddings(WORLD, 64)
    for language in WORLD.languages:
        cosine = (vectors[language] * vectors["en"]).sum(axis=1)
        np.testing.assert_allclose(cosine, alignments(WORLD, language), atol=1e-9)


def test_no_two_meanings_share_a_word() -> None:
    every = [word for lexicon in words(WORLD).values() for word in lexicon]
    assert len(every) == len(set(every)) == len(WORLD.languages) * len(concepts())


def test_similarity_varies_over_intermediate_and_language_beyond_their_means() -> None:
    table = np.array(
        [
            [planted_similarity(WORLD, [task], "xnli", code) for code in WORLD.languages]
            for task in ("mnli", "squad1", "ccg", "qqp")
        ]
    )
    additive = table.mean(0, keepdims=True) + table.mean(1, keepdims=True) - table.mean()
    assert np.abs(table - additive).max() > 0.005


def test_the_planted_similarity_of_english_is_the_cosine_of_the_topics_of_texts() -> None:
    first, second = text_shares(WORLD, "udpos"), text_shares(WORLD, "xquad")
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert planted_similarity(WORLD, ["udpos"], "xquad", "en") == pytest.approx(cosine)


def test_texts_have_the_topics_of_their_task_and_where_they_stray_others() -> None:
    # One sentence an example, so the task's own shares, within the error of 400 examples.
    many = World(train=400)
    np.testing.assert_allclose(text_shares(many, "udpos"), many.topic_shares("udpos"), atol=0.06)
    # Half of the second sentences are about another topic, so the largest share is smaller.
    assert text_shares(many, "qqp").max() < many.topic_shares("qqp").max() - 0.05


def test_every_input_of_a_kind_is_counted() -> None:
    inputs = {"text_a", "text_b", "prompt", "context", "question", "source", "query", "text"}
    assert set(TEXTS) == inputs
    columns = {name for task in tasks().values() for name in kind_of(task).columns}
    others = {"words", "choices", "tags", "label", "answers", "answer_starts", "keys"}
    assert columns - inputs - others == {"target", "candidate"}  # the other sides of retrieval


def test_without_effect_similarity_varies_as_much_and_words_that_decide_do_not() -> None:
    null = World(effect=0.0)
    for language in list(null.languages)[1:]:
        np.testing.assert_array_equal(null.similarity(language), World().similarity(language))
        np.testing.assert_allclose(null.alignment(language), null.mean_similarity)


def test_the_expected_gap_is_the_response_at_the_topics_alignments() -> None:
    # A response linear in the dose, 100 at 1: the gap is 100 (1 - mean alignment), by hand.
    response = 100 * np.array(DOSES)
    found = dict(_expected_gaps(WORLD, "xnli", ["en", "qe"], response))
    expected = 100 * (1 - WORLD.topic_shares("xnli") @ WORLD.alignment("qe"))
    assert found == {"qe": pytest.approx(expected)}


def test_without_effect_the_expected_gap_is_the_same_in_every_language() -> None:
    response = np.linspace(30, 90, len(DOSES))
    null = World(effect=0.0)
    gaps = [gap for _, gap in _expected_gaps(null, "udpos", list(null.languages), response)]
    assert np.ptp(gaps) == pytest.approx(0.0, abs=1e-9)


def test_languages_tell_the_same_scenes_in_their_own_order() -> None:
    english = examples(WORLD, "udpos", "en", "test")[0]
    verb_last = examples(WORLD, "udpos", "qc", "test")[0]
    assert sorted(english["tags"]) == sorted(verb_last["tags"])
    assert english["tags"] != verb_last["tags"]


def test_topic_shares_are_shares() -> None:
    for target in target_tasks():
        shares = WORLD.topic_shares(target)
        assert len(shares) == len(TOPICS)
        assert shares.sum() == pytest.approx(1.0)
        assert shares.min() > 0


def test_the_same_seed_gives_the_same_world() -> None:
    assert examples(WORLD, "mnli", "en", "dev") == examples(World(dev=10), "mnli", "en", "dev")
