"""Use cases over the ports: scan, plan, apply, resume, verify, roll back.

The wizard and the subcommands are two faces of this package. Whatever it does to the host is a
change of `core.changes`: observed first, journalled before and after, and read back.
"""

from serialpass_tui.core.verify import Check
from serialpass_tui.service.changing import Held
from serialpass_tui.service.installing import InstallPlan
from serialpass_tui.service.planning import LOST_BY_BINDING, BindPlan, RollbackPlan
from serialpass_tui.service.safeguards import refuse
from serialpass_tui.service.scanning import Scan
from serialpass_tui.service.use_cases import Service

__all__ = [
    "LOST_BY_BINDING",
    "BindPlan",
    "Check",
    "Held",
    "InstallPlan",
    "RollbackPlan",
    "Scan",
    "Service",
    "refuse",
]
