"""The report's figures, tables and words: what they show of small tables that are known by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers.grids import cell, grid_of, write_cells

from xstilts.degradation.by_example import AGREEMENT
from xstilts.degradation.cell_status import (
    AT_CHANCE,
    DIVERGED,
    NO_VALUE,
    NOT_RUN,
    states,
    with_states,
)
from xstilts.degradation.mixed_model import fit_formula
from xstilts.io.tables import rows_table, write_table
from xstilts.report.cost_figure import folder_bytes, stage_hours
from xstilts.report.example_agreement import plot_agreement
from xstilts.report.heatmaps import CELL, Colours, _panels, flow, plot_outcome
from xstilts.report.interactive import show_outcomes
from xstilts.report.measure_agreement import plot_measures
from xstilts.report.pages import show_tables
from xstilts.report.provenance_table import write_provenance
from xstilts.report.style import GREY, WIDEST, hide_covered, look_of
from xstilts.similarity.table import SIMILARITY

Row = dict[str, Any]

# States of cells, by hand


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


def test_agreement_by_example_is_drawn_in_both_directions(tmp_path: Path) -> None:
    common = {"model": "a", "axis": "language", "target": "xnli", "examples": 10}
    pairs = [
        {**common, "one": one, "other": other, "kappa": value}
        for one, other, value in [("de", "en", 0.5), ("de", "sw", 0.1), ("en", "sw", 0.2)]
    ]
    write_table(tmp_path / "pairs.parquet", rows_table(pairs, AGREEMENT), AGREEMENT)
    names = {"de": "German", "en": "English", "sw": "Swahili"}
    for table in ("pairs", "none"):
        plot_agreement(
            agreement=str(tmp_path / f"{table}.parquet"),
            languages=names,
            figure=str(tmp_path / f"{table}.svg"),
            data=str(tmp_path / f"{table}.csv"),
        )
        write_table(tmp_path / "none.parquet", rows_table([], AGREEMENT), AGREEMENT)
    drawn = (tmp_path / "pairs.svg").read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in drawn for name in names.values())
    assert len(pd.read_csv(tmp_path / "pairs.csv")) == 3
    assert "nothing" in (tmp_path / "none.svg").read_text(encoding="utf-8").lower()
