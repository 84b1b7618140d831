"""The safety rules, by idea; `core.safety` puts them together."""
