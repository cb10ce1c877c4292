"""Batches that span languages: groups that depend on the data alone, and fail one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.examples import fetch
from helpers.invented import fetch_nano

from xstilts.checkpoint.network import Network, load
from xstilts.data.encode import Encoded, encode_task
from xstilts.encoder.encoded_rows import EncodedExamples
from xstilts.errors import InputError
from xstilts.evaluation import batching as outputs
from xstilts.evaluation.batching import Outputs, grouped
from xstilts.world import World

WORLD = World(train=20, dev=10, test=12)
LANGUAGES = ["en", "qa", "qe"]


@pytest.mark.parametrize(
    ("least", "groups"),
    [(1, [["a"], ["b"], ["c"]]), (5, [["a", "b"], ["c"]]), (99, [["a", "b", "c"]])],
)
def test_languages_are_grouped_in_order_until_a_group_holds_enough(
    least: int, groups: list[list[str]]
) -> None:
    assert grouped({"a": 4, "b": 3, "c": 2}, least) == groups


def test_joined_rows_are_the_rows_of_their_parts() -> None:
    one = EncodedExamples.of([{"sequences": [[1, 2], [3]], "tags": [5], "label": 7}])
    two = EncodedExamples.of(
        [
            {"sequences": [[4]], "tags": [6, 8], "label": 9},
            {"sequences": [], "tags": [], "label": 0},
        ]
    )
    joined = EncodedExamples.joined([one, two])
    assert joined.lists() == [[1, 2], [3], [4]]
    assert joined.sizes.tolist() == [3, 1, 0]
    assert joined["label"].tolist() == [7, 9, 0]
    assert [joined["tags"][at].tolist() for at in range(3)] == [[5], [6, 8], []]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's encoder, and tagged test data of three languages."""
    folder = tmp_path_factory.mktemp("spanning")
    fetch_nano(WORLD, folder / "nano.json")
    fetch("udpos", "test", LANGUAGES, folder / "data/manifest.json", world=WORLD)
    encode_task(
        task="udpos",
        data=str(folder / "data/manifest.json"),
        pretrained=str(folder / "nano.json"),
        encoded=str(folder / "encoded/manifest.json"),
        max_length=None,
    )
    return folder


@pytest.fixture
def asked(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each call of `predict` got."""
    sizes: list[int] = []
    whole = outputs.predict

    def counted(network: Network, part: Encoded, rows: EncodedExamples, *rest: Any) -> list[Any]:
        sizes.append(len(rows))
        return whole(network, part, rows, *rest)

    monkeypatch.setattr(outputs, "predict", counted)
    yield sizes


def tagging(made: Path, tokens: int) -> Outputs:
    network = load(made / "nano.json")
    torch.manual_seed(0)
    network.add_head("udpos", ["NOUN", "VERB", "DET"])
    return Outputs(lambda: network, Encoded(made / "encoded/manifest.json"), 1, tokens, "fp32")


def same(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))


def test_small_test_sets_are_predicted_together_whichever_is_asked_for(
    made: Path, asked: list[int]
) -> None:
    together = tagging(made, tokens=10_000)
    found = [together.of(language, "test") for language in LANGUAGES]
    assert asked == [36]
    alone = tagging(made, tokens=10_000)
    assert same(alone.of("qa", "test"), found[1])
    assert asked == [36, 36]


def test_large_test_sets_are_predicted_alone(made: Path, asked: list[int]) -> None:
    few = tagging(made, tokens=1)
    assert [len(few.of(language, "test")) for language in LANGUAGES] == [12, 12, 12]
    assert asked == [12, 12, 12]


def test_seconds_are_shared_out_by_tokens(made: Path) -> None:
    part, found = Encoded(made / "encoded/manifest.json"), tagging(made, tokens=10_000)
    found.of("en", "test")
    sizes = {code: part.rows(code, "test").sizes.sum() for code in LANGUAGES}
    shares = {code: found.seconds[code] / sum(found.seconds.values()) for code in LANGUAGES}
    assert shares == pytest.approx(
        {code: size / sum(sizes.values()) for code, size in sizes.items()}
    )


def test_what_fails_together_is_predicted_alone(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outputs.predict

    def fragile(network: Network, part: Encoded, rows: EncodedExamples, *rest: Any) -> list[Any]:
        if len(rows) > 12:
            raise RuntimeError("out of memory")
        return whole(network, part, rows, *rest)

    monkeypatch.setattr(outputs, "predict", fragile)
    assert len(tagging(made, tokens=10_000).of("qa", "test")) == 12


def test_a_language_whose_rows_are_broken_is_left_out_of_its_group(
    made: Path, asked: list[int], tmp_path: Path
) -> None:
    file = made / "encoded/language=qe/rows.arrow"
    kept = file.read_bytes()
    file.write_bytes(b"broken")
    try:
        found = tagging(made, tokens=10_000)
        assert len(found.of("en", "test")) == 12
        assert asked == [24]
        with pytest.raises(InputError, match="not readable encoded rows"):
            found.of("qe", "test")
    finally:
        file.write_bytes(kept)
