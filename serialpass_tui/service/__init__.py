"""Use cases over the ports: scan, plan, apply, resume, verify, roll back.

The wizard and the subcommands are two faces of this package. Whatever it does to the host is a
change of `core.changes`: observed first, journalled before and after, and read back.
"""

from __future__ import annotations

from serialpass_tui.lazy import exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.service.changing import Held
    from serialpass_tui.service.installing import InstallPlan
    from serialpass_tui.service.looking import Looker
    from serialpass_tui.service.planning import LOST_BY_BINDING, BindPlan, RollbackPlan
    from serialpass_tui.service.safeguards import refuse
    from serialpass_tui.service.scanning import Scan
    from serialpass_tui.service.use_cases import Service

__all__ = [
    "LOST_BY_BINDING",
    "BindPlan",
    "Held",
    "InstallPlan",
    "Looker",
    "RollbackPlan",
    "Scan",
    "Service",
    "refuse",
]

# What looks at a host needs nothing of what changes one.
__getattr__ = exports(
    __name__,
    {
        "changing": ("Held",),
        "installing": ("InstallPlan",),
        "looking": ("Looker",),
        "planning": ("LOST_BY_BINDING", "BindPlan", "RollbackPlan"),
        "safeguards": ("refuse",),
        "scanning": ("Scan",),
        "use_cases": ("Service",),
    },
)
