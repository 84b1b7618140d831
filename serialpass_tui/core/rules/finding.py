"""Rules as they are declared, and what a rule says of a device."""

from __future__ import annotations

from enum import Enum

from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.bdf import Bdf


class Severity(Enum):
    """How much a finding weighs; only a refusal stops the operator, and nothing overrides it."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the gravest, so that a sort puts refusals first."""
        return tuple(Severity).index(self)


@frozen
class Rule:
    """One rule, whatever it finds."""

    code: str
    """Kebab-case and stable: scripts may match on it."""
    severities: tuple[Severity, ...]
    """What its findings may weigh, gravest first; one of several depends on the facts."""
    meaning: str
    """What trips it, in a sentence for the table of rules."""

    def finding(
        self, bdf: Bdf, reason: str, remedy: str, severity: Severity | None = None
    ) -> Finding:
        """A finding of this rule, as grave as the rule can be unless `severity` says otherwise."""
        return Finding(self, severity or self.severities[0], bdf, reason, remedy)

    def problem(self, summary: str, remedy: str) -> Problem:
        """The refusal by this rule of a plan that is not about one device alone."""
        return Problem(Exit.REFUSED, self.code, summary, remedy=remedy)


@frozen
class Finding:
    """One thing to know before a device is given away."""

    rule: Rule
    severity: Severity
    bdf: Bdf
    reason: str
    """The operator's words; names the device and what hangs on it; safe to show."""
    remedy: str

    def __post_init__(self) -> None:
        if self.severity not in self.rule.severities:
            raise ValueError(f"{self.rule.code} is never {self.severity.value}")

    @property
    def code(self) -> str:
        """The code of its rule."""
        return self.rule.code
