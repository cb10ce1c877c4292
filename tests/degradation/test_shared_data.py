"""What trains on the same data: by hand, from the tasks' own declarations."""

from __future__ import annotations

from xstilts.degradation.shared_data import groups_of_data, sharing


def test_targets_of_one_training_set_are_a_group() -> None:
    names = ["lareqa", "mlqa", "pawsx", "tydiqa", "udpos", "xnli", "xquad"]
    assert groups_of_data("target", names) == [
        ["lareqa", "mlqa", "xquad"],
        ["pawsx"],
        ["tydiqa"],
        ["udpos"],
        ["xnli"],
    ]


def test_intermediates_that_hold_each_other_are_a_group_and_mixtures_stand_alone() -> None:
    names = ["anli", "mnli", "mnli-mt", "multi", "none", "qqp", "squad1", "squad2"]
    assert groups_of_data("intermediate", names) == [
        ["anli", "mnli", "mnli-mt"],
        ["multi"],
        ["none"],
        ["qqp"],
        ["squad1", "squad2"],
    ]
    assert sharing("intermediate", names, ["squad1", "squad2"]) == {"squad1", "squad2", "multi"}
    assert sharing("intermediate", names, ["multi"]) == {*names} - {"none"}
    assert sharing("intermediate", names, ["none"]) == {"none"}


def test_what_is_known_of_no_data_is_a_group_of_its_own() -> None:
    assert groups_of_data("language", ["de", "sw"]) == [["de"], ["sw"]]
    assert groups_of_data("target", ["mine", "tatoeba"]) == [["mine"], ["tatoeba"]]
    assert sharing("language", ["de", "sw"], ["de"]) == {"de"}
    assert groups_of_data("target", []) == []
