"""The one error a user should meet: a sentence with the value, the place and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """What the user wrote or supplied cannot be used; the message says what to write instead."""


def check_name(what: str, name: object, allowed: Iterable[str], place: str) -> str:
    """Return `name` if it is among `allowed`, else raise with the closest known name."""
    known = sorted(allowed)
    if isinstance(name, str) and name in known:
        return name
    close = get_close_matches(str(name), known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
    raise InputError(f"{place}: unknown {what} '{name}'; {hint}")
