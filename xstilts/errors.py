"""The one error a user should meet: a sentence with the value, the place and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """What the user wrote or supplied cannot be used; the message says what to write instead."""


def check_name(what: str, name: object, allowed: Iterable[str], place: str) -> str:
    """Return `name` if it is among `allowed`, else raise with the closest known name."""
    names = sorted(allowed)
    if isinstance(name, str) and name in names:
        return name
    close = get_close_matches(str(name), names, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names)}"
    raise InputError(f"{place}: unknown {what} '{name}'; {hint}")


def one_line(error: BaseException) -> str:
    """A library's error in one line; some (a timeout's) say nothing but their name.

    Only the first of several lines: libraries explain at length.
    """
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
