"""Every rule, declared once: a finding can be made of these alone, and the README's table is this.

A rule refuses where the host would be lost or out of reach; where only the device or the guest
would not work, it warns.
"""

from __future__ import annotations

from serialpass_tui.core.rules.finding import Rule, Severity

_REFUSE, _WARN, _NOTE = Severity

RULES: dict[str, Rule] = {}
"""All rules by code, in the order of the README's table."""


def _rule(code: str, severities: Severity | tuple[Severity, ...], meaning: str) -> Rule:
    several = severities if isinstance(severities, tuple) else (severities,)
    if code in RULES:
        raise ValueError(f"{code} is declared twice")
    RULES[code] = rule = Rule(code, several, meaning)
    return rule


# What the host boots and runs from ---------------------------------------------------------------

ROOT_DISK = _rule("root-disk", _REFUSE, "A disk behind it carries `/`.")
BOOT_DISK = _rule("boot-disk", _REFUSE, "A disk behind it carries `/boot` or the ESP.")
BOOTED_DISK = _rule(
    "booted-disk", _REFUSE, "The firmware started this host from a disk or stick behind it."
)
ESP_DISK = _rule(
    "esp-disk",
    _REFUSE,
    "A disk behind it has an ESP, and from which one this host was started is not known.",
)
SR_DISK = _rule("sr-disk", _REFUSE, "A disk behind it belongs to the PBD of a storage repository.")
DISK_MEMBER = _rule(
    "disk-member", _REFUSE, "A disk behind it is a member of LVM, RAID, multipath or the like."
)
MOUNTED_DISK = _rule("mounted-disk", _REFUSE, "A disk behind it carries a mounted file system.")
SWAP_DISK = _rule("swap-disk", _REFUSE, "A disk behind it carries swap space in use.")
ROOT_UNPLACED = _rule(
    "root-unplaced", _REFUSE, "It may carry disks, and which device carries `/` is not known."
)
DISK = _rule("disk", _WARN, "A disk behind it is not used by this host.")

# What the operator reaches the host by -----------------------------------------------------------

SSH_SESSION = _rule(
    "ssh-session", _REFUSE, "The operator's SSH session comes in by a network interface on it."
)
PIF = _rule("pif", _REFUSE, "A PIF of this host is on it, alone or as part of a bond.")
INTERFACE = _rule(
    "interface",
    (_REFUSE, _WARN),
    "A network interface is on it: refused if it, or a bond, VLAN or bridge above it, has an "
    "address, or if it is up and XAPI does not say what for.",
)
VGA_CONSOLE = _rule("vga-console", _REFUSE, "It is the VGA console.")
KEYBOARD = _rule(
    "keyboard",
    (_REFUSE, _WARN),
    "A keyboard is plugged into this USB controller: refused if no other would be left.",
)
BMC_USB = _rule(
    "bmc-usb", _REFUSE, "The BMC's virtual keyboard or media is on this USB controller."
)
REMOTE_CONSOLE = _rule(
    "remote-console", _REFUSE, "It is the BMC's own: iLO or DRAC, or the serial-over-LAN of AMT."
)
CONSOLE_DOM0 = _rule(
    "console-dom0", _REFUSE, "dom0's console is on it, in this boot or in any boot entry."
)
CONSOLE_XEN = _rule(
    "console-xen", _REFUSE, "Xen's console (`com1=`, `com2=`) is or may be on it, in any entry."
)
TTY_IN_USE = _rule(
    "tty-in-use",
    (_REFUSE, _WARN),
    "A process, a login among them, holds its tty open: refused when taken without a reboot.",
)

GETTY = _rule("getty", _WARN, "A login is configured on its tty, though none runs there now.")

# Neighbours --------------------------------------------------------------------------------------

NO_SUCH_DEVICE = _rule("no-such-device", _REFUSE, "No PCI device is at that address.")
DEVICE_MOVED = _rule(
    "device-moved", _REFUSE, "Another card is at the address than when the job was opened."
)
BRIDGE = _rule("bridge", _REFUSE, "It is a bridge: all behind it would be hidden.")
BRIDGE_SHARED_HOST = _rule(
    "bridge-shared-host", _REFUSE, "Behind the same legacy PCI bridge is what the host needs."
)
BRIDGE_SHARED = _rule(
    "bridge-shared", _WARN, "Behind the same legacy PCI bridge are others that were not chosen."
)
SIBLINGS_LEFT = _rule("siblings-left", _WARN, "Other functions of the same card were not chosen.")

SHARED_IRQ = _rule(
    "shared-irq", _NOTE, "A device that dom0 keeps raises the same interrupt line (INTx)."
)

# Whether it would work ---------------------------------------------------------------------------

IOMMU_OFF = _rule("iommu-off", _WARN, "Xen runs without an IOMMU.")
IOMMU_UNKNOWN = _rule("iommu-unknown", _NOTE, "Whether Xen has an IOMMU could not be found out.")
RMRR_SHARED = _rule(
    "rmrr-shared",
    _WARN,
    "The firmware reserves memory (RMRR) for it and others together: Xen may refuse it.",
)
RMRR = _rule("rmrr", _NOTE, "The firmware reserves memory (RMRR) for it alone.")
IVMD = _rule("ivmd", _NOTE, "The firmware of an AMD host reserves memory (IVMD) for it.")
PRIVATE_CONFIG = _rule(
    "private-config",
    _WARN,
    "The guest's driver writes private registers in PCI configuration space.",
)
NOT_SERIAL = _rule("not-serial", _WARN, "It carries no serial port and is no USB controller.")
FACTS_UNREAD = _rule("facts-unread", _WARN, "Something of this host could not be read.")

# The boot entry ----------------------------------------------------------------------------------

COMMAND_LINE_TOO_LONG = _rule(
    "command-line-too-long",
    _REFUSE,
    "With the hide list the entry's dom0 command line has more than 1023 bytes.",
)
NO_RESCUE_ENTRY = _rule(
    "no-rescue-entry", _REFUSE, "No boot entry without the hidden devices would remain."
)

# The VM ------------------------------------------------------------------------------------------

VM_HA = _rule("vm-ha", _REFUSE, "The VM is protected by HA.")
VM_SUSPENDED = _rule("vm-suspended", _REFUSE, "The VM is suspended.")
VM_TYPE = _rule("vm-type", (_REFUSE, _WARN), "The VM is PVH (refused) or PV (warned).")
VM_FILE = _rule("vm-file", _REFUSE, "The guest's file cannot be edited.")
DEVICE_TAKEN = _rule("device-taken", _REFUSE, "Another VM names the device.")
VM_RUNNING = _rule("vm-running", _WARN, "The VM runs: it gets the device at its next start.")
VM_PCI_UNREAD = _rule(
    "vm-pci-unread", _WARN, "`other-config:pci` of the VM has items that XAPI passes over."
)
POOL_ADDRESS = _rule(
    "pool-address", _WARN, "On another host of the pool that address is another device."
)
DEVICE_OF_VM = _rule(
    "device-of-vm", _WARN, "A VM still names the device that is given back to dom0."
)
VM_POOL = _rule("vm-pool", _NOTE, "The pool has other hosts, and the VM must start on this one.")
