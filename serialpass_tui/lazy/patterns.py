"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr

    def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """What `re.compile` returns; it raises `re.error` at its first use."""

else:

    class pattern:  # noqa: N801 (it stands for a function)
        """What `re.compile` returns, to all who use a method of it."""

        def __init__(self, text: AnyStr, flags: int = 0) -> None:
            self._made = text, flags

        def __getattr__(self, name: str) -> Any:
            """A method of the pattern, which is found in this place from now on."""
            found = getattr(re.compile(*self._made), name)
            setattr(self, name, found)
            return found
