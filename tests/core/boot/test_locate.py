"""Which boot file is in force."""

from __future__ import annotations

import pytest

from serialpass_tui.core.boot import CANDIDATE_PATHS, in_force
from serialpass_tui.core.inventory import BootText
from serialpass_tui.errors import Exit, Problem

ENTRY = b"menuentry 'XCP-ng' { true }\n"
EFI = BootText("/boot/efi/EFI/xenserver/grub.cfg", ENTRY)
STUB = BootText("/boot/efi/EFI/xenserver/grub.cfg", b"search x\nconfigfile $prefix/grub.cfg\n")
GRUB = BootText("/boot/grub/grub.cfg", ENTRY)
EXTLINUX = BootText("/boot/extlinux.conf", b"label xe\n")


@pytest.mark.parametrize(
    ("files", "uefi", "chosen", "warned"),
    [
        ([EFI], True, EFI, ""),
        ([EFI, GRUB], True, EFI, ""),
        ([GRUB], False, GRUB, ""),
        ([EXTLINUX], False, EXTLINUX, ""),
        ([EFI, GRUB], False, GRUB, "/boot/efi/EFI/xenserver/grub.cfg is not read at boot"),
        ([GRUB, EXTLINUX], False, GRUB, "also found, not read: /boot/extlinux.conf"),
        ([GRUB], True, GRUB, "the file that the loader there points to"),
        ([STUB, GRUB], True, GRUB, "the file that the loader there points to"),
    ],
)
def test_the_firmware_decides(
    files: list[BootText], uefi: bool, chosen: BootText, warned: str
) -> None:
    file, warnings = in_force(files, uefi=uefi)
    assert chosen == file
    assert bool(warned) == bool(warnings)
    assert warned in " ".join(warnings)


@pytest.mark.parametrize(
    ("files", "uefi", "words"),
    [
        ([], True, "UEFI and has none of the known files"),
        ([], False, "the BIOS and has none of the known files"),
        ([EFI], False, "only /boot/efi/EFI/xenserver/grub.cfg, which it does not read"),
        ([STUB], True, "which it does not read"),
    ],
)
def test_no_file_in_force_is_a_problem(files: list[BootText], uefi: bool, words: str) -> None:
    with pytest.raises(Problem) as caught:
        in_force(files, uefi=uefi)
    assert (Exit.REFUSED, "no-boot-file") == (caught.value.exit_status, caught.value.code)
    assert words in caught.value.summary


def test_candidates_come_in_the_toolstacks_order() -> None:
    assert CANDIDATE_PATHS[0] == EFI.path
    assert CANDIDATE_PATHS[-1] == EXTLINUX.path
