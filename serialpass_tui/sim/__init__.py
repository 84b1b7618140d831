"""A simulated host: real boot files, a real XAPI wire, a firmware of its own."""
