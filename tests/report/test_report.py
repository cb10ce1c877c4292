"""The report's figures, tables and words: what they show of small tables that are known by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers.grids import cell

from xstilts.degradation.cell_status import (
    AT_CHANCE,
    DIVERGED,
    NO_VALUE,
    NOT_RUN,
    states,
    with_states,
)
from xstilts.degradation.effects import EFFECTS, RANDOM_EFFECTS
from xstilts.degradation.held_out import SKILL
from xstilts.degradation.missing_cells import missing_cells
from xstilts.degradation.mixed_model import fit_formula
from xstilts.degradation.outcomes import CELLS, add_outcomes
from xstilts.degradation.sensitivity import SENSITIVITY
from xstilts.io.tables import rows_table, write_csv, write_table
from xstilts.report.cost_figure import folder_bytes, stage_hours
from xstilts.report.first_page import write_first_page
from xstilts.report.heatmaps import CELL, Colours, _panels, flow, plot_outcome
from xstilts.report.interactive import show_outcomes
from xstilts.report.measure_agreement import plot_measures
from xstilts.report.pages import show_tables
from xstilts.report.provenance_table import write_provenance
from xstilts.report.style import GREY, WIDEST, hide_covered, look_of
from xstilts.similarity.table import SIMILARITY

Row = dict[str, Any]

# States of cells, by hand


def write_cells(path: Path, rows: list[Row]) -> None:
    """A cell table of some cells; what they do not say is empty."""
    cells = add_outcomes(pd.DataFrame(rows))
    for field in CELLS:
        if field.name not in cells:
            cells[field.name] = 0 if pa.types.is_floating(field.type) else ""
    table = pa.Table.from_pandas(cells[CELLS.names], schema=CELLS, preserve_index=False)
    write_table(path, table, CELLS)


def of_cells(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([cell(**row) for row in rows])


def missing_of(*rows: dict[str, Any]) -> pd.DataFrame:
    columns = ["model", "intermediate", "target", "language", "seed"]
    return pd.DataFrame(
        [{name: cell(**row)[name] for name in columns} for row in rows], columns=columns
    )


def test_a_cell_without_any_seed_is_not_run_and_one_with_some_is() -> None:
    cells = of_cells({}, {"language": "sw"})
    gone = missing_of(
        {"language": "sw", "seed": 2}, {"language": "zh"}, {"language": "zh", "seed": 2}
    )
    found = states(cells, gone).set_index("language")
    assert found["state"].to_dict() == {"en": "", "sw": "", "zh": NOT_RUN}
    assert found["seeds"].to_dict() == {"en": 1, "sw": 1, "zh": 0}


def test_a_cell_is_diverged_if_every_run_is_and_its_score_is_of_those_that_are_not() -> None:
    cells = of_cells(
        {"language": "sw", "value": 70.0},
        {"language": "sw", "seed": 2, "value": 10.0, "diverged": "its loss is no number"},
        {"language": "zh", "diverged": "its loss is no number"},
    )
    found = states(cells, missing_of()).set_index("language")
    assert found["state"].to_dict() == {"sw": "", "zh": DIVERGED}
    assert found["score"]["sw"] == 70.0 and np.isnan(found["score"]["zh"])


def test_a_cell_whose_mean_is_no_better_than_chance_says_so() -> None:
    # Chance is 20: means of 20 and of 21.
    cells = of_cells(
        {"language": "sw", "value": 19.0},
        {"language": "sw", "seed": 2, "value": 21.0},
        {"language": "zh", "value": 21.0},
        {"value": 80.0},
    )
    found = states(cells, missing_of()).set_index("language")
    assert found["state"].to_dict() == {"sw": AT_CHANCE, "zh": "", "en": ""}
    assert found["english"].to_dict() == {"sw": 80.0, "zh": 80.0, "en": 80.0}


def test_a_sound_cell_without_the_outcome_has_no_value() -> None:
    cells = of_cells({"language": "sw"}, {"language": "zh"})
    values = cells.loc[:0, ["model", "intermediate", "target", "language"]].assign(gap=3.0)
    found = with_states(cells, missing_of(), values, "gap").set_index("language")
    assert found["state"].to_dict() == {"sw": "", "zh": NO_VALUE}


# Figures


def test_panels_flow_to_a_new_line_where_they_do_not_fit() -> None:
    places, (width, height) = flow([10, 10, 60], rows=5)
    assert width <= WIDEST + 60 * CELL
    lefts, bottoms = [place[0] for place in places], [place[1] for place in places]
    assert lefts[0] < lefts[1] and bottoms[0] == bottoms[1] > bottoms[2]
    for (left, bottom, across, down), count in zip(places, [10, 10, 60], strict=True):
        assert across * width == pytest.approx(count * CELL)  # squares are squares
        assert down * height == pytest.approx(5 * CELL)
        assert left >= 0 and left + across <= 1 and bottom >= 0 and bottom + down <= 1


def test_squares_without_a_value_are_grey_and_say_why() -> None:
    codes = ["de", "sw", "zh", "fr"]
    there = {NOT_RUN: None, DIVERGED: None, AT_CHANCE: 20.0, "": 10.0}
    rows = [
        {"model": "m", "target": "xnli", "intermediate": "none", "language": code}
        | {"state": state, "gap": value}
        for code, (state, value) in zip(codes, there.items(), strict=True)
    ]
    colours = Colours("RdBu_r", -20, 20, "gap")
    drawn = _panels(
        pd.DataFrame(rows), "gap", ["none"], dict(zip(codes, codes, strict=True)), colours
    )
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == [DIVERGED, AT_CHANCE, NOT_RUN]
    (image,) = drawn.axes[0].images
    shown = image.to_rgba(image.get_array())[0]
    grey = matplotlib.colors.to_rgba(GREY)
    assert [tuple(colour) == grey for colour in shown] == [True, True, False, False]
    signs = {line.get_marker(): list(line.get_xdata()) for line in drawn.axes[0].lines}
    assert signs["x"] == [1] and signs["."] == [2] and signs["_"] == []


def test_of_labels_on_one_another_the_first_is_shown() -> None:
    drawn, panel = plt.subplots()
    panel.set(xlim=(0, 10), ylim=(0, 10))
    shown = [panel.annotate(name, (1, y)) for name, y in (("a", 1), ("b", 1.05), ("c", 9))]
    hide_covered(drawn)
    assert [label.get_visible() for label in shown] == [True, False, True]


def test_no_two_of_the_first_56_categories_look_alike() -> None:
    looks = [look_of(at) for at in range(56)]
    assert len(set(looks)) == 56


def test_predicted_groups_are_those_of_the_formula_by_hand() -> None:
    # One-way layout, 6 groups of 8: the prediction is the group's mean less the overall one, shrunk
    # by t = 8 v / (8 v + s), with conditional variance (1 - t) v (v: between groups, s: residual).
    random = np.random.default_rng(3)
    group = np.repeat(list("abcdef"), 8)
    frame = pd.DataFrame({"g": group, "y": np.repeat(random.normal(0, 3, 6), 8)})
    frame["y"] += random.normal(0, 2, len(frame))
    model = fit_formula("y ~ 1 + (1 | g)", frame)
    between, residual = model.random["variance"]
    shrunk = 8 * between / (8 * between + residual)
    means = frame.groupby("g")["y"].mean() - frame["y"].mean()
    found = pd.DataFrame(model.groups).set_index("level")
    assert found["estimate"].to_dict() == pytest.approx((shrunk * means).to_dict(), rel=1e-4)
    assert found["se"].to_numpy() == pytest.approx(np.sqrt((1 - shrunk) * between), rel=1e-4)


def test_without_an_outcome_figure_and_page_say_so(tmp_path: Path) -> None:
    """No English and no intermediate: neither gaps nor gains."""
    write_cells(tmp_path / "cells.parquet", [cell(language="sw"), cell(language="zh")])
    missing_of().to_csv(tmp_path / "missing.csv", index=False)
    shown = {"intermediates": ["none"], "languages": {"sw": "Swahili", "zh": "Chinese"}}
    outcomes = {name: str(tmp_path / f"{name}.csv") for name in ("gap", "gain")}
    for name, data in outcomes.items():
        plot_outcome(
            outcome=name,
            cells=str(tmp_path / "cells.parquet"),
            missing=str(tmp_path / "missing.csv"),
            figure=str(tmp_path / f"{name}.svg"),
            data=data,
            **shown,
        )
    show_outcomes(outcomes=outcomes, page=str(tmp_path / "page.html"), **shown)
    for name in ("gap.svg", "gain.svg", "page.html"):
        assert "nothing to show" in (tmp_path / name).read_text(encoding="utf-8")


def test_without_similarity_the_agreement_says_so(tmp_path: Path) -> None:
    write_table(tmp_path / "none.parquet", rows_table([], SIMILARITY), SIMILARITY)
    files = {name: str(tmp_path / f"measures.{name}") for name in ("svg", "csv")}
    plot_measures(tables=[str(tmp_path / "none.parquet")], figure=files["svg"], data=files["csv"])
    assert "nothing to show" in Path(files["svg"]).read_text(encoding="utf-8")
    assert pd.read_csv(files["csv"]).empty


# Tables


def test_hours_are_those_of_the_jobs_and_of_those_that_hold_a_gpu(tmp_path: Path) -> None:
    for place, seconds in {
        "evaluate_xnli/m/none/1": 3600,
        "finetune_target/m/none/mnli/1": 7200,
        "fetch_task/test/xnli": 360,
        "plot_effects": 36,
    }.items():
        file = tmp_path / f"costs/{place}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\n{seconds}\t-\n", encoding="utf-8")
    found = stage_hours(tmp_path, on_gpu=True).set_index("stage")
    hours = {
        "data": 0.1,
        "phase three": 2,
        "evaluation": 1,
        "analysis and figures": 0.01,
        "all": 3.11,
    }
    assert found["hours"].to_dict() == pytest.approx(hours)
    assert found["gpu_hours"].to_dict() == pytest.approx(
        {"data": 0, "phase three": 2, "evaluation": 1, "analysis and figures": 0, "all": 3}
    )
    assert stage_hours(tmp_path, on_gpu=False)["gpu_hours"].sum() == 0


def test_a_file_with_two_names_is_counted_once(tmp_path: Path) -> None:
    for name, size in {"scores/a": 100, "store/b": 10}.items():
        file = tmp_path / name
        file.parent.mkdir()
        file.write_bytes(bytes(size))
    os.link(tmp_path / "scores/a", tmp_path / "store/a")
    (tmp_path / "cells.parquet").write_bytes(bytes(7))
    found = folder_bytes(tmp_path).set_index("folder")["bytes"]
    assert found.to_dict() == {"scores": 100, "store": 10, "tables": 7}


def test_a_table_becomes_a_page_that_escapes_its_text(tmp_path: Path) -> None:
    pd.DataFrame({"p_holm": [0.123456, 12345.678], "why": ["a < b", ""]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    show_tables(tables={"t": str(tmp_path / "t.csv")}, pages={"t": str(tmp_path / "t.html")})
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "p holm" in page and "0.1235" in page and "12,345.7" in page and "a &lt; b" in page
    assert "nan" not in page.lower()


# The first page


def effect(model: str, level: str = "by_language", **values: Any) -> dict[str, Any]:
    """A row of the effects: a slope of -2 (-3 to -1)."""
    sizes = {"rows": 12, "missing": 0, "languages": 4, "targets": 1, "intermediates": 3}
    texts = {"outcome": "gap", "absent": "", "dropped": ""}
    slope = {"estimate": -2.0, "low": -3.0, "high": -1.0, "converged": True}
    slope |= {"p": 0.01, "p_family": 0.01, "p_holm": 0.01}
    return {"model": model, "measure": "mmd", "level": level, **sizes, **texts, **slope, **values}


def page_of(
    tmp_path: Path,
    effects: list[Row],
    cells: list[Row],
    manifests: Sequence[Row] = (),
    groups: Sequence[Row] = (),
) -> str:
    """The first page of encoders a and b on XNLI in English, Swahili and Chinese."""
    axes = {
        "models": ["a", "b"],
        "intermediates": ["none", "mnli"],
        "targets": ["xnli"],
        "seeds": [1],
    }
    axes |= {"languages": {"xnli": ["en", "sw", "zh"]}}
    names = ("effects", "cells", "missing", "sens", "skill", "groups")
    files = {name: str(tmp_path / name) for name in names}
    write_cells(Path(files["cells"]), cells)
    write_table(Path(files["effects"]), rows_table(effects, EFFECTS), EFFECTS)
    missing_cells(axes, pd.DataFrame(cells)).to_csv(files["missing"], index=False)
    write_csv(Path(files["sens"]), rows_table([], SENSITIVITY))
    write_csv(Path(files["skill"]), rows_table([], SKILL))
    write_table(Path(files["groups"]), rows_table([*groups], RANDOM_EFFECTS), RANDOM_EFFECTS)
    data = [str(tmp_path / f"manifest-{at}.json") for at in range(len(manifests))]
    for path, content in zip(data, manifests, strict=True):
        Path(path).write_text(json.dumps(content), encoding="utf-8")
    write_first_page(
        effects=files["effects"],
        cells=files["cells"],
        missing=files["missing"],
        sensitivity=files["sens"],
        skill=files["skill"],
        random_effects=files["groups"],
        data=data,
        axes=axes,
        headline="mmd",
        languages={"en": "English", "sw": "Swahili", "zh": "Chinese"},
        invented=False,
        figure=str(tmp_path / "figure.svg"),
        page=str(tmp_path / "page.rst"),
    )
    return (tmp_path / "page.rst").read_text(encoding="utf-8")


def test_the_page_names_where_a_slope_is_smallest_and_largest(tmp_path: Path) -> None:
    common = {"model": "a", "term": "by_language", "group": "target"}
    groups = [
        {**common, "level": "xnli", "estimate": 2.5, "se": 0.1},
        {**common, "level": "udpos", "estimate": -4.0, "se": 0.1},
        {**common, "level": "pawsx", "estimate": 1.5, "se": 0.1},
        {**common, "group": "intermediate", "level": "mnli", "estimate": 0.0, "se": 0.0},
        {**common, "term": "by_cell", "level": "xnli", "estimate": 9.0, "se": 0.1},
        {**common, "model": "b", "level": "xnli", "estimate": 9.0, "se": 0.1},
    ]
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw"), groups=groups)
    # By hand: the slope is -2, so -2 - 4 and -2 + 2.5.
    said = "It differs: over targets from 6.0 points smaller (UD-POS) to 0.5 points larger (XNLI)."
    assert said in page
    assert page.count("It differs") == 1


def grid_of(model: str, *languages: str) -> list[dict[str, Any]]:
    return [
        cell(model=model, intermediate=name, language=language, value=70.0 - at)
        for at, name in enumerate(("none", "mnli"))
        for language in languages
    ]


def test_every_encoder_has_its_answer_and_what_it_lacks(tmp_path: Path) -> None:
    cells = [*grid_of("a", "en", "sw"), *grid_of("b", "en")]
    page = page_of(tmp_path, [effect("a")], cells)
    assert "what a loses? **Yes: between languages.**" in page
    assert "b: No answer yet" in page
    assert "* a: Not run: 2 of 6 cells (all of language zh)." in page
    assert "* b: Not run: 4 of 6 cells (all of language sw, zh)." in page
    assert "* a: 1 target: so few that how they differ is hardly known." in page


def test_the_page_says_what_was_left_out_of_the_data_and_what_may_not_be_meant(
    tmp_path: Path,
) -> None:
    said = "udpos, en, test: 3 of 100 examples are in the training set of udpos"
    moved = {"answers moved to where they are": 2}
    manifests: list[Row] = [
        {"task": "udpos", "dropped": {"en, test": 4}, "warnings": [said]},
        {"task": "xquad", "aside": {"en, test": moved, "de, test": moved}, "warnings": []},
        {"task": "xnli", "dropped": {"en, test": 1, "sw, test": 1}, "warnings": [said]},
        {"task": "xquad", "warnings": []},  # of the encoded part
    ]
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw", "zh"), manifests)
    read = page.split("What was read\n")[1].split("What was not run")[0]
    assert [line for line in read.splitlines() if line.startswith("* ")] == [
        f"* {said}.",
        "* 6 rows, of which the label or answer is hidden, left out: udpos 4, xnli 2.",
        "* 4 rows, answers moved to where they are: xquad 4.",
    ]


def test_the_page_says_that_nothing_was_done_to_the_data(tmp_path: Path) -> None:
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw", "zh"), [{"task": "xnli"}])
    assert "* Every row of the data, as it is in its file." in page


def test_the_page_counts_scores_without_an_english_one(tmp_path: Path) -> None:
    page = page_of(tmp_path, [effect("a")], grid_of("a", "sw", "zh"))
    said = "scores are left out: without an English score to set them against"
    assert f"* a: 4 {said}." in page


def test_an_encoder_that_was_not_run_says_so(tmp_path: Path) -> None:
    page = page_of(tmp_path, [effect("a")], grid_of("a", "en", "sw", "zh"))
    assert "* a: Every cell of the grid was run." in page
    assert "* b: Not run: any of 6 cells." in page
    assert "No gap" not in page  # the grid has English cells


def test_a_slope_without_a_test_is_unknown_on_the_page(tmp_path: Path) -> None:
    """As fits leave it: nan, which a table holds as empty."""
    nothing = dict.fromkeys(("low", "high", "p", "p_family", "p_holm"), np.nan)
    untested = effect("a", **nothing)
    page = page_of(tmp_path, [untested], grid_of("a", "en", "sw"))
    assert "Unknown: between languages." in page
    assert "too few of them for an interval" in page and "nan" not in page


def test_the_page_counts_the_tests_that_verdicts_are_corrected_for(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("low", "high", "p", "p_family", "p_holm"), np.nan)
    rows = [effect("a"), effect("a", "by_cell"), effect("a", "by_target_language", **nothing)]
    page = page_of(tmp_path, rows, grid_of("a", "en", "sw"))
    assert "Verdicts are corrected for 2 tests at once" in page
    alone = page_of(tmp_path, rows[:1], grid_of("a", "en", "sw"))
    assert "Verdicts are corrected" not in alone


def test_provenance_names_devices_models_and_data(tmp_path: Path) -> None:
    known = {"device": "cpu", "source": "facebook/xnli@abc", "versions": "torch 1"}
    rows = [{**row, **known} for row in grid_of("a", "en", "sw")]
    write_cells(tmp_path / "cells.parquet", rows)
    for model in ("a", "b"):  # one set, encoded twice
        source = {"task": "mnli", "source": "nyu-mll/multi_nli@def"}
        (tmp_path / f"{model}.json").write_text(json.dumps(source), encoding="utf-8")
    output = tmp_path / "provenance.csv"
    write_provenance(
        cells=str(tmp_path / "cells.parquet"),
        training_sets=[str(tmp_path / "a.json"), str(tmp_path / "b.json")],
        models={"a": "org/a, revision 1"},
        kept=["finetune_target"],
        provenance=str(output),
    )
    found = pd.read_csv(output).set_index(["what", "of"])["value"]
    assert found["scored on", "4 scores"] == "cpu"
    assert found["model", "a"] == "org/a, revision 1"
    assert found["code", "finetune_target"].startswith("results of earlier code were kept")
    assert found["training data", "mnli"] == "nyu-mll/multi_nli@def"
    assert found["test data", "xnli"] == "facebook/xnli@abc"
    assert found["analysis", "numpy"] == np.__version__
