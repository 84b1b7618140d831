"""Effects on dom0: commands, files, udev, sysfs, the state directory."""
