"""Tables as pages: what a reader can look at in the report, where a CSV can only be downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from xstilts.io.tables import atomic

STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em; color: #1f2937; }
table { border-collapse: collapse; }
th, td { padding: 0.3em 0.8em; text-align: left; vertical-align: top; max-width: 32em; }
td:last-child { min-width: 24em; }
th { border-bottom: 2px solid #9ca3af; position: sticky; top: 0; background: white; }
td { border-bottom: 1px solid #e5e7eb; font-variant-numeric: tabular-nums; }
"""


def show_tables(*, tables: Mapping[str, str], pages: Mapping[str, str]) -> None:
    """Write a page a table, by the same names; nothing where there is no value.

    Args:
        tables: CSV files.
        pages: the HTML files to write.
    """
    for name, page in pages.items():
        with atomic(Path(page)) as temporary:
            temporary.write_text(_page(name, pd.read_csv(tables[name])), encoding="utf-8")


def _number(value: float) -> str:
    """Four digits; of criteria, which are large and compared by their differences, one decimal."""
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def _page(name: str, frame: pd.DataFrame) -> str:
    shown = frame.rename(columns=lambda column: str(column).replace("_", " "))
    table = shown.to_html(index=False, border=0, na_rep="", float_format=_number)
    head = f'<meta charset="utf-8"><title>{name}</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{table}</body></html>\n"
