"""Tables as pages that the report can show, where a CSV can only be downloaded."""

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
    """Write one page per table, by the same names; missing values are blank.

    Args:
        tables: CSV files.
        pages: the HTML files to write.
    """
    for name, page in pages.items():
        frame = pd.read_csv(tables[name]).rename(columns=lambda column: column.replace("_", " "))
        # Four digits; one decimal for criteria: they are large and compared by their differences.
        table = frame.to_html(
            index=False,
            border=0,
            na_rep="",
            float_format=lambda value: f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}",
        )
        head = f'<meta charset="utf-8"><title>{name}</title><style>{STYLE}</style>'
        text = f"<!doctype html><html lang='en'><head>{head}</head><body>{table}</body></html>\n"
        with atomic(Path(page)) as temporary:
            temporary.write_text(text, encoding="utf-8")
