"""A raw value in one form, whatever file it was read from.

The same label may be 1 in JSON, "1" in a TSV, "1 " behind a space, 1.0 in a Parquet column that
has a missing value, "1.0" in the CSV that was saved from it. What is looked up in a table (labels,
tags, ids) is brought to one form first; texts that a model reads stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

HIDDEN = frozenset(("", "-1", "-", "--", "_", "?", "na", "n/a", "nan", "none", "null", "hidden"))
"""How data sets write a label or an answer that they keep back, in lower case."""


def plain(value: Any) -> Any:
    """Whole numbers as int, nan as None, texts without space around; lists by element.

    Truth values are 1 and 0, written or not; a whole number with a decimal point loses it.
    """
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in ("true", "false"):
            return int(text.lower() == "true")
        return text.partition(".")[0] if re.fullmatch(r"-?\d+\.0+", text) else text
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        if value != value:
            return None
        return int(float(value)) if float(value).is_integer() else value
    return value


def is_hidden(value: Any, allowed: Collection[str] = ()) -> bool:
    """Whether a plain value says that the answer is kept back; no name that is allowed does."""
    text = "" if value is None else str(value)
    return text not in allowed and text.casefold() in HIDDEN
