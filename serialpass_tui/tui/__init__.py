"""The wizard: Textual screens over the service.

Textual reads its settings from the environment while it is imported, so they are made here, before
any module of this package can import it: consoles are slow, and know 16 colours.
"""

from __future__ import annotations

import os

os.environ |= {
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_COLOR_SYSTEM": "standard",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_THEME": "ansi-dark",
}
