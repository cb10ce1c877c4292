"""The embedded world: what is planted is there, and the truth follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from xstilts.kinds import kind_of
from xstilts.tasks import target_tasks, tasks
from xstilts.world import TOPICS, World
from xstilts.world.examples import SKILLS, examples
from xstilts.world.lexicon import alignments, concepts, embeddings, words
from xstilts.world.truth import DOSES, _expected_gaps

WORLD = World(train=50, dev=10, test=20)


def test_every_task_of_the_study_exists_in_the_world() -> None:
    assert set(SKILLS) == set(tasks())


@pytest.mark.parametrize("name", tasks())
def test_examples_have_the_canonical_columns(name: str) -> None:
    example = examples(WORLD, name, "en", "dev")[0]
    assert set(example) == {"id", *kind_of(tasks()[name]).COLUMNS}


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
            [WORLD.planted_similarity([task], "xnli", code) for code in WORLD.languages]
            for task in ("mnli", "squad1", "ccg", "qqp")
        ]
    )
    additive = table.mean(0, keepdims=True) + table.mean(1, keepdims=True) - table.mean()
    assert np.abs(table - additive).max() > 0.005


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
