"""The least Textual app with one table: what any program of Textual costs to start."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class OneTable(App[None]):
    """A table with three rows."""

    def compose(self) -> ComposeResult:
        """The table."""
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        """Its rows."""
        table = self.query_one(DataTable)
        table.add_columns("Address", "Device", "State")
        for row in ("0000:02:00.0", "0000:05:00.0", "0000:00:14.0"):
            table.add_row(row, "Serial controller", "free")


if __name__ == "__main__":
    OneTable().run(mouse=False)
