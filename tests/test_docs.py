"""The README against the program: what it shows and names must be there."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from serialpass_tui import cli
from serialpass_tui.errors import Exit

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def subcommands() -> list[str]:
    """The names that the parser knows."""
    (action,) = (a for a in cli.options.build_parser()._actions if a.dest == "command")
    assert action.choices is not None
    return [str(name) for name in action.choices]


@pytest.mark.parametrize("name", subcommands())
def test_every_subcommand_is_in_the_table(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}[ `]", README, re.MULTILINE)


def options() -> list[str]:
    """Every long option of the program and of its subcommands."""
    parser = cli.options.build_parser()
    (action,) = (a for a in parser._actions if a.dest == "command")
    assert isinstance(action.choices, dict)
    found: set[str] = set()
    for each in (parser, *action.choices.values()):
        each.format_help()  # a command's own options are made when they are asked for
        found.update(o for a in each._actions for o in a.option_strings if o.startswith("--"))
    return sorted(found - {"--help"})


@pytest.mark.parametrize("option", options())
def test_every_option_is_named(option: str) -> None:
    assert option in README


def test_the_exit_statuses_are_those_of_the_program() -> None:
    table = README.split("| exit status | means |")[1].split("\n\n")[0]
    shown = [int(number) for number in re.findall(r"^\| (\d) \|", table, re.MULTILINE)]
    assert [int(status) for status in Exit] == shown


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).is_file()


def test_the_table_of_rules_is_what_the_rules_say() -> None:
    rules = runpy.run_path(str(ROOT / ".ci" / "rules"))
    assert rules["with_table"](README) == README


def test_both_commands_of_the_readme_are_there() -> None:
    assert "--demo\n```" in README
    assert (ROOT / ".ci" / "check").stat().st_mode & 0o111
