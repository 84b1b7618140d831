"""What a rule says of a device."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from serialpass_tui.core.bdf import Bdf  # noqa: TC001 (the codec resolves these hints at run time)


class Severity(Enum):
    """How much a finding weighs; only a refusal stops the operator, and nothing overrides it."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the gravest, so that a sort puts refusals first."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before a device is given away."""

    code: str
    """Kebab-case and stable: scripts may match on it."""
    severity: Severity
    bdf: Bdf
    reason: str
    """The operator's words; names the device and what hangs on it; safe to show."""
    remedy: str
