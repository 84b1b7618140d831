"""What is wrong on a host, and the changes that repair it.

Each ailment has a code that scripts may match on. Whatever is repaired is repaired by the changes
of `core.changes`, planned by the code that plans every other edit.
"""

from serialpass_tui.core.doctoring.ailment import MEANINGS, Ailment
from serialpass_tui.core.doctoring.diagnosis import Diagnosis, examine
from serialpass_tui.core.doctoring.facts import Facts

__all__ = ["MEANINGS", "Ailment", "Diagnosis", "Facts", "examine"]
