"""The Textual wizard: screens over the service, each with a pure presenter."""
