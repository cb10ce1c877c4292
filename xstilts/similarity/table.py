"""The similarity table: one measure between every intermediate and every (target, language)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from xstilts.io.tables import read_table, rows_table, schema, write_table
from xstilts.recipes import NONE
from xstilts.similarity.inputs import INPUTS, MeasureInputs, MeasureRequest
from xstilts.similarity.language_facts import Known
from xstilts.similarity.measure import Measure, NoValueError
from xstilts.similarity.measures import measures

SIMILARITY = schema(
    ("measure", pa.string(), "Name of the measure."),
    ("level", pa.string(), "What its value differs by: cell, task or language."),
    ("direction", pa.string(), "Whether a larger value means more similar, or less (distance)."),
    ("model", pa.string(), "Encoder whose vectors, subwords or pretraining data were compared."),
    ("layer", pa.int32(), "Hidden state that was pooled; empty where the measure reads none."),
    (
        "is_default",
        pa.bool_(),
        "Whether it is the layer that the model's row names, or there is none.",
    ),
    ("intermediate", pa.string(), "Recipe whose English texts were compared."),
    ("target", pa.string(), "Target whose texts were compared."),
    ("language", pa.string(), "Language of the target's texts."),
    ("value", pa.float64(), "The measure's value; empty where it is missing."),
    ("se", pa.float64(), "Bootstrap standard error over texts, for measures of texts."),
    (
        "resamples",
        pa.list_(pa.float32()),
        "The value of each bootstrap resample; cells share the resamples of texts that they share.",
    ),
    ("p", pa.float64(), "p-value of no difference, for measures that are a test."),
    ("reason", pa.string(), "Why the value is missing; else empty."),
)

Row = dict[str, Any]


def measure_similarity(
    *,
    measure: str,
    model: str,
    intermediates: list[str],
    targets: list[str],
    languages: Mapping[str, list[str]],
    known: Mapping[str, Mapping[str, Any]],
    resamples: int,
    files: Any,
    table: str,
) -> None:
    """Write a measure's table, for every layer that its evidence has.

    Args:
        measure: name of the measure.
        model: name of the encoder.
        intermediates: recipes, without `none`, which has no texts.
        targets: evaluated tasks.
        languages: languages of each target.
        known: facts of each language (`xstilts.similarity.language_facts`).
        resamples: bootstrap resamples of a set of texts.
        files: what the measure reads.
        table: the table to write.
    """
    cells = [
        (intermediate, target, language)
        for intermediate in intermediates
        for target in targets
        for language in languages[target]
    ]
    rows = measured(measure, model, cells, known, resamples, files)
    write_table(Path(table), rows_table(rows, SIMILARITY), SIMILARITY)


def measured(
    measure: str,
    model: str,
    cells: list[tuple[str, str, str]],
    known: Mapping[str, Mapping[str, Any]],
    resamples: int = 0,
    files: Any = None,
) -> list[Row]:
    """Rows of SIMILARITY for (intermediate, target, language) cells."""
    definition = measures()[measure]
    request = MeasureRequest(
        files=files,
        level=definition.level,
        intermediates=sorted({intermediate for intermediate, *_ in cells}),
        languages={code: Known(**facts) for code, facts in known.items()},
        resamples=resamples,
    )
    common = {
        "measure": measure,
        "level": definition.level,
        "direction": definition.direction,
        "model": model,
    }
    return [
        {**common, **row}
        for evidence in INPUTS[definition.reads](request)
        for row in _layer_rows(definition, evidence, cells)
    ]


def known_facts(
    names: Iterable[str],
    model: str,
    cells: list[tuple[str, str, str]],
    known: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """What is known before any data are read: `names` that are facts of languages or of tasks.

    The rows are those of SIMILARITY, signed, for the cells of trained intermediates.
    """
    trained = [cell for cell in cells if cell[0] != NONE]
    facts = [
        row
        for name in sorted(names)
        if name in measures() and measures()[name].reads in ("languages", "tasks")
        for row in measured(name, model, trained, known)
    ]
    return signed(pd.DataFrame(facts, columns=[*SIMILARITY.names]))


def read_similarity(paths: list[str]) -> pd.DataFrame:
    """Similarity tables as one frame; its column `similarity` grows with similarity."""
    return signed(pd.concat([read_table(Path(path), SIMILARITY).to_pandas() for path in paths]))


def read_default_layer(paths: list[str]) -> pd.DataFrame:
    """The same at each model's default layer, the one that fits and heat maps use."""
    frame = read_similarity(paths)
    return frame[frame["is_default"]]


def signed(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of SIMILARITY with the column `similarity`: the value, turned round if a distance."""
    sign = frame["direction"].map({"similarity": 1.0, "distance": -1.0}).astype(float)
    return frame.assign(similarity=sign * frame["value"])


def _layer_rows(
    measure: Measure, evidence: MeasureInputs, cells: list[tuple[str, str, str]]
) -> Iterator[Row]:
    """One row per cell; cells that a measure does not tell apart are computed once."""
    values: dict[tuple[str, ...], Row] = {}
    described = _once(measure.describe) if measure.describe else (lambda side: side)
    for intermediate, target, language in cells:
        by_level = {
            "cell": (intermediate, target, language),
            "task": (intermediate, target),
            "language": (language,),
        }
        key = by_level[measure.level]
        if key not in values:
            values[key] = _value(measure, evidence, described, (intermediate, target, language))
        axes = {"intermediate": intermediate, "target": target, "language": language}
        yield {
            "layer": evidence.layer,
            "is_default": evidence.is_default,
            **axes,
            **values[key],
        }


def _once(describe: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`describe`, or the same refusal, worked out once per side."""
    results: dict[int, tuple[Any, Any]] = {}  # with the side itself, so that no other gets its id

    def described(side: Any) -> Any:
        if id(side) not in results:
            try:
                results[id(side)] = (side, describe(side))
            except NoValueError as missing:
                results[id(side)] = (side, missing)
        result = results[id(side)][1]
        if isinstance(result, NoValueError):
            raise result
        return result

    return described


def _value(
    measure: Measure,
    evidence: MeasureInputs,
    described: Callable[[Any], Any],
    cell: tuple[str, str, str],
) -> Row:
    try:
        x, y = (described(side) for side in evidence.sides(*cell))
        values = np.atleast_1d(np.asarray(measure.compute(x, y), dtype=np.float64))
    except NoValueError as missing:
        return _without_value(str(missing))
    if not np.isfinite(values[0]):
        return _without_value(f"not a number: {values[0]}")
    several = len(values) > 2
    return {
        "value": float(values[0]),
        "se": float(values[1:].std(ddof=1)) if several else None,
        "resamples": values[1:].tolist() if several else None,
        "p": measure.test(x, y) if measure.test else None,
        "reason": "",
    }


def _without_value(reason: str) -> Row:
    return {"value": None, "se": None, "resamples": None, "p": None, "reason": reason}
