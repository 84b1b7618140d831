"""The toolstacks that own the VMs: XAPI."""
