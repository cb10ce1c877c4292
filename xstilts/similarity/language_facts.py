"""What measures know of a language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Known:
    """A language as measures know it.

    Attributes:
        code, name: as the table of languages has them.
        script: its script; None if the table does not say.
        iso3: its ISO 639-3 code; None if the table does not say.
        gigabytes: its share of the model's pretraining text, in GiB; 0 if it has none, None if that
            is not known of the model or the language.
    """

    code: str
    name: str
    script: str | None
    iso3: str | None
    gigabytes: float | None
