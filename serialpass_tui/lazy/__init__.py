"""What is loaded at first use, in place of at import: a command pays only for what it runs."""

from __future__ import annotations

from serialpass_tui.lazy.packages import exports

__all__ = ["exports"]
