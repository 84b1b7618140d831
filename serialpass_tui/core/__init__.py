"""Pure rules and values: no I/O, clock, environment or Textual."""
