"""One module a step of the wizard."""
