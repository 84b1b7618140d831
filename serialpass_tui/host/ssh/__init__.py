"""Another dom0, through OpenSSH: nothing of this tool is placed on it but its journal."""
