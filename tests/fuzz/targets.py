"""The table of what is fuzzed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fuzz import boot, files, screens, xe
from tests.fuzz.hostile import texts
from tests.fuzz.watched import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Target:
    """One kind of input, and what must hold for it."""

    name: str
    inputs: SearchStrategy[Any]
    holds: Callable[[Any], None]
    examples: int = 25
    """In a usual test run."""

    def check(self, value: Any) -> None:
        """Whether it holds, and nothing is done beside it. Raises AssertionError."""
        with watched():
            self.holds(value)


TARGETS = (
    Target("grub", boot.grub_files, boot.check_grub),
    Target("extlinux", boot.extlinux_files, boot.check_extlinux),
    Target("grubenv", boot.env_blocks, boot.check_grubenv),
    Target("adv", boot.vectors, boot.check_adv),
    Target("kernel-arguments", boot.lines, boot.check_kernel_arguments),
    Target("hide-list", boot.lines, boot.check_hide_list),
    Target("default-grub", boot.settings_files, boot.check_settings),
    Target("motd", boot.motds, boot.check_motd),
    Target("other-config-pci", files.pci_values, files.check_pci),
    Target("xl-config", files.xl_files, files.check_xl),
    Target("xe-column", xe.columns, xe.check_column),
    Target("xe-map", xe.maps, xe.check_map),
    Target("xe-nonsense", xe.answers, xe.check_nonsense),
    Target("dmar", files.dmar_tables, files.check_dmar),
    Target("ivrs", files.ivrs_tables, files.check_ivrs),
    Target("recording", files.recordings, files.check_recording, examples=2),
    Target("recording-bytes", files.raw_recordings, files.check_raw_recording),
    Target("names", files.names, files.check_names, examples=2),
    Target("journal", files.journals, files.check_journal),
    Target("terminals", files.terminal_files, files.check_terminals),
    Target("undo-text", files.jobs, files.check_job_text, examples=3),
    Target("text", texts, screens.check_text, examples=10),
)
