"""What is asked of a host, so that the probe finds here every file that it would read there.

One script tells all of it in one answer. Small files are read by the shell's own `read`, and links
to folders are followed by `cd -P`: neither starts a program, of which an old host would start a
thousand. Each item is a line with its kind and name, its bytes, and a mark (see `tree`).
"""

from __future__ import annotations

import shlex

from serialpass_tui.core.boot.locate import (
    CANDIDATE_PATHS,
    GRUB_DEFAULTS,
    GRUB_DROPINS,
    SETTING_FOLDERS,
    UDEV_RULE,
)
from serialpass_tui.host.commands import SEARCH
from serialpass_tui.host.pci import IDS_FILES
from serialpass_tui.host.ssh.library import FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from serialpass_tui.core.bdf import Bdf

_ITEMS = r"""
i_() { printf "%s %s\n%s\n%s=\n" "$1" "$2" "$3" "$SP"; }
d_() { [ -d "$1" ] && i_ d "$1"; }
x_() { [ -e "$1" ] && i_ f "$1"; }
t_() {
  [ -f "$1" ] || return
  [ -r "$1" ] || { i_ u "$1"; return; }
  printf "f %s\n" "$1"
  while IFS= read -r v; do printf "%s\n" "$v"; done <"$1"
  printf "%s\n%s=\n" "$v" "$SP"
}
b_() {
  [ -f "$1" ] || return
  [ -r "$1" ] || { i_ u "$1"; return; }
  printf "f %s\n" "$1"; dd if="$1" bs=65536 count=256 2>/dev/null; printf "\n%s=\n" "$SP"
}
l_() { [ -L "$1" ] && cd -P "$1" 2>/dev/null && i_ L "$1" "$PWD"; }
e_() {
  if [ -L "$1" ]; then
    v=$(readlink "$1"); i_ l "$1" "$v"
    [ -e "$1" ] || return
    case $v in /*) e_ "$v";; *) e_ "${1%/*}/$v";; esac
  elif [ -f "$1" ]; then b_ "$1"
  elif [ -e "$1" ] && ! [ -d "$1" ]; then i_ f "$1"; fi
}
o_() { n=$1; shift; command -v "$1" >/dev/null || return; printf "o %s\n" "$n"
  "$@" </dev/null 2>/dev/null; printf "\n%s=\n" "$SP"; }
"""

_PCI = r"""
c_() {
  h=$(dd if="$1/config" bs=64 count=1 2>/dev/null | od -An -v -tx1) || return
  set -- "$1" $h
  [ $# = 65 ] || return
  printf "s %s\n0" "$1/config"; printf " %s" $h
  if ! [ -e "$1/current_link_speed" ] && [ $((0x$8 & 0x10)) != 0 ]; then
    shift 53; a=$((0x$1 & 0xfc)); k=0; f=$p/config
    while [ $a -ge 64 ] && [ $k -lt 48 ]; do
      set -- $(dd if="$f" bs=2 skip=$((a/2)) count=1 2>/dev/null | od -An -v -tx1)
      [ $# = 2 ] || break
      printf "\n%s %s %s" $a $1 $2
      [ "$1" = 10 ] && break
      a=$((0x$2 & 0xfc)); k=$((k+1))
    done
  fi
  printf "\n\n%s=\n" "$SP"
}
pci_() {
  p=$1
  for a in vendor device class subsystem_vendor subsystem_device irq boot_vga; do t_ "$p/$a"; done
  x_ "$p/reset"; x_ "$p/current_link_speed"; l_ "$p/driver"
  for x in "$p"/msi_irqs/*; do x_ "$x"; break; done
  [ -z "$first" ] || c_ "$p"
}
"""

_DEVICES = r"""
for e in /sys/bus/pci/devices/*; do l_ "$e" && pci_ "$PWD"; done
for e in /sys/bus/usb/devices/*; do
  case ${e##*/} in *:*|\*) continue;; esac
  l_ "$e" || continue; p=$PWD
  for a in idVendor idProduct manufacturer product dev; do t_ "$p/$a"; done
  for x in "$p/${e##*/}":*; do
    for a in bInterfaceClass bInterfaceSubClass bInterfaceProtocol; do t_ "$x/$a"; done
  done
done
for e in /sys/class/tty/*; do
  [ -e "$e/device" ] && l_ "$e" || continue; p=$PWD
  for a in port irq type dev; do t_ "$p/$a"; done; l_ "$p/device"
done
for e in /sys/class/net/*; do
  l_ "$e" || continue; p=$PWD
  for a in ifindex address flags operstate; do t_ "$p/$a"; done
  for x in "$p/device" "$p/master" "$p/brport/bridge" "$p"/upper_*; do l_ "$x"; done
done
for e in /sys/class/block/*; do
  l_ "$e" || continue; p=$PWD
  for a in dev partition dm/name dm/uuid loop/backing_file; do t_ "$p/$a"; done
  d_ "$p/md"
  for x in "$p/device" "$p"/slaves/* "$p"/holders/*; do l_ "$x"; done
  case $p in */nvme-subsystem/*) for x in "${p%/*}"/nvme*; do l_ "$x"; done;; esac
done
for e in /run/udev/data/b* /run/udev/data/+pci:* /run/udev/data/c189:*
do t_ "$e"; done
"""

_HOST = r"""
for a in osrelease hostname random/boot_id; do t_ /proc/sys/kernel/$a; done
for a in cmdline swaps interrupts net/route net/ipv6_route net/vlan/config tty/driver/serial \
  xen/capabilities self/mounts self/mountinfo filesystems stat; do t_ /proc/$a; done
for a in type uuid version/major version/minor version/extra; do t_ /sys/hypervisor/$a; done
t_ /sys/class/tty/console/active
t_ /sys/module/xen_pciback/initstate; d_ /sys/module/xen_pciback; d_ /sys/bus/pci/drivers/pciback
t_ /sys/firmware/edd/int13_dev80/mbr_signature; l_ /sys/firmware/edd/int13_dev80/pci_dev
for a in RMAD DMAR IVRS; do b_ /sys/firmware/acpi/tables/$a; done
d_ /sys/firmware/efi
g=8be4df61-93ca-11d2-aa0d-00e098032b8c; v=/sys/firmware/efi/efivars
if [ -f $v/BootCurrent-$g ]; then
  b_ $v/BootCurrent-$g
  set -- $(dd if=$v/BootCurrent-$g bs=1 skip=4 count=2 2>/dev/null | od -An -v -tx1)
  for x in $v/Boot[0-9A-F]*-$g; do
    case $x in */Boot$(printf %04X 0x$2$1)-*) b_ "$x";; esac
  done
fi
read -r rel </proc/sys/kernel/osrelease
m=/lib/modules/$rel
s_() { [ -f "$1" ] && printf "f %s\n" "$1" && sed -n -e 1p -e "$2" "$1" \
  && printf "\n%s=\n" "$SP"; }
s_ "$m/modules.builtin" /pciback.ko/p; s_ "$m/modules.dep" /pciback.ko/p
s_ "/boot/config-$rel" /CONFIG_XEN_PCIDEV_BACKEND/p
for x in /etc/xensource-inventory /etc/inittab /etc/xen/*.cfg /etc/xen/auto/* /etc/xen/vm/*
do e_ "$x"; done
d_ /etc/xen
for x in /etc/systemd/system/*.wants/*getty@tty*.service; do i_ f "$x"; done
while read -r a x; do case $a in /dev/*) e_ "$a";; esac; done </proc/self/mounts
while read -r a x; do case $a in /dev/*) e_ "$a";; esac; done </proc/swaps
o_ ip ip -o addr show
o_ by-id ls -l /dev/disk/by-id
o_ fd ls -l /proc/[0-9]*/fd
for x in /proc/[0-9]*; do d_ "$x"; t_ "$x/comm"; done
printf "f %s\nSSH_CONNECTION=%s\n%s=\n" /proc/$$/environ "$SSH_CONNECTION" "$SP"
i_ o pid $$
"""


def script(*, first: bool) -> str:
    """The whole reading; the `first` of a boot with what does not change in it and takes long.

    That is configuration space, for which programs are started, and the list of PCI names.
    """
    loaders = [
        f"{path.rpartition('/')[0]}/{name}"
        for path in CANDIDATE_PATHS
        for name in ("grubenv", "ldlinux.sys", "extlinux.sys")
    ]
    whole = [*CANDIDATE_PATHS, *dict.fromkeys(loaders), GRUB_DEFAULTS, UDEV_RULE]
    lines = [
        f"first={'yes' if first else ''}",
        _ITEMS,
        _PCI,
        _DEVICES,
        _HOST,
        f"for x in {' '.join(whole)} {GRUB_DROPINS}/*.cfg; do e_ $x; done",
        f"for x in {' '.join(SETTING_FOLDERS)}; do d_ $x; done",
        f"for x in {' '.join(SEARCH)}; do [ -x $x/extlinux ] && i_ f $x/extlinux; done",
    ]
    if first:
        files = " ".join(f"/{path}" for path in IDS_FILES)
        lines.append(f"for x in {files}; do [ -f $x ] && b_ $x && break; done")
    return _quiet("\n".join(lines))


def of_function(bdf: Bdf) -> str:
    """What tells the driver of one PCI function, and whether there is pciback."""
    place = shlex.quote(f"/sys/bus/pci/devices/{bdf}")
    stub = "/sys/bus/pci/drivers/pciback"
    return _quiet(f"{_ITEMS}\nl_ {place} && l_ $PWD/driver\nd_ {stub}\nt_ {stub}/slots")


def _quiet(lines: str) -> str:
    """What the shell complains of on the way is no news: files come and go."""
    return f"{{ [ -r /proc/sys/kernel/osrelease ] || exit {FAILED}\n{lines}\n:\n}} 2>/dev/null"
