"""What is loaded or made at first use, in place of at import: a command pays for what it runs."""

from __future__ import annotations

from serialpass_tui.lazy.modules import Module
from serialpass_tui.lazy.packages import exports
from serialpass_tui.lazy.patterns import pattern
from serialpass_tui.lazy.values import frozen, replace

__all__ = ["Module", "exports", "frozen", "pattern", "replace"]
