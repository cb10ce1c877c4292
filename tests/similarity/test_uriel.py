"""Distances of languages are those of urielplus."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import NoValueError
from xstilts.similarity.uriel import KINDS, distance, distance_between

PAIRS = [(kind, "eng", other) for kind in KINDS for other in ("swh", "deu", "zho", "tha")]


EMPTY = [("genetic", "eng", "eus"), ("phonological", "eng", "heb")]  # all features known are 0


ASK_URIELPLUS = """
import json, logging, sys
from urielplus.urielplus import URIELPlus
logging.disable()
asked, uriel = json.loads(sys.argv[1]), URIELPlus()
print(json.dumps([float(uriel.new_distance(*each)) for each in asked]))
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], float]:
    """The distances of a copy of the package, which writes into its own folder."""
    spec = find_spec("urielplus")
    assert spec and spec.origin
    folder = tmp_path_factory.mktemp("uriel")
    copied = folder / "urielplus"
    shutil.copytree(Path(spec.origin).parent, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for table in (copied / "database").glob("*.npz"):
        table.unlink()  # so that it takes the original tables, whatever happened to the others
    asked = [*PAIRS, *EMPTY]
    command = [sys.executable, "-c", ASK_URIELPLUS, json.dumps(asked)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert all((copied / "database" / name).exists() for name, _ in KINDS.values())
    return dict(zip(asked, json.loads(done.stdout), strict=True))


@pytest.mark.xdist_group("uriel")
@pytest.mark.parametrize("asked", PAIRS, ids=" ".join)
def test_distances_are_those_of_urielplus_which_rounds_them(
    asked: tuple[str, str, str], theirs: dict[tuple[str, str, str], float]
) -> None:
    assert distance(*asked) == pytest.approx(theirs[asked], abs=5.1e-5)


@pytest.mark.xdist_group("uriel")
@pytest.mark.parametrize("asked", EMPTY, ids=" ".join)
def test_a_language_without_a_present_feature_is_no_constant_vector_as_in_urielplus(
    asked: tuple[str, str, str], theirs: dict[tuple[str, str, str], float]
) -> None:
    assert theirs[asked] < 1  # Basque, of no family, would be nearer to English than Swahili is
    if asked[0] == "genetic":
        assert distance(*asked) == 1.0
    else:
        with pytest.raises(NoValueError, match="of at least 15"):
            distance(*asked)


def test_what_uriel_does_not_know_has_no_distance() -> None:
    with pytest.raises(NoValueError, match="no language 'qqq'"):
        distance("syntactic", "eng", "qqq")
    with pytest.raises(NoValueError, match="knows 0 phonological features of both 'eng' and 'por'"):
        distance("phonological", "eng", "por")
    english = Known(code="en", name="English", script="Latin", iso3="eng", gigabytes=None)
    invented = Known(code="qa", name="Invented", script="Latin", iso3=None, gigabytes=None)
    with pytest.raises(NoValueError, match="no ISO 639-3 code"):
        distance_between("genetic", english, invented)
