#!/bin/sh
# Boot systemd over the folders $1/etc, $1/boot and the state directory $2, with the vendor's units
# of $3 only. Started by `unshare` with namespaces of its own: nobody else sees what is mounted here,
# and sysfs and the kernel's settings cannot be written.
set -eu
root=$1 state=$2 units=$3
mount --make-rprivate /
mount -t proc proc /proc
mount -o bind,ro /proc/sys /proc/sys
mount -o remount,bind,ro /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "$root/state"
mount --bind "$state" "$root/state"
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/serialpass-tui
mount --bind "$root/state" /var/lib/serialpass-tui
mount --bind "$root/boot" /boot
mount --bind "$root/etc" /etc
mount -t tmpfs tmpfs /run
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    SYSTEMD_UNIT_PATH="/etc/systemd/system:$units" \
    /lib/systemd/systemd --unit=multi-user.target --show-status=false
