"""Give a physical serial port to a Xen VM, from dom0, without losing the host."""

__version__ = "0.1.0"
