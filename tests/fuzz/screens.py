"""Targets: text from outside on its way to a screen or a pipe."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from serialpass_tui import plain
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.host import recording
from serialpass_tui.service import Service
from serialpass_tui.tui.lines import Line, columns, fit, wrap
from serialpass_tui.tui.screens import bind, boot_entry, devices, reboot, rollback, vms
from serialpass_tui.tui.screens import problem as problem_screen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from serialpass_tui.core.boot import HidePlan
    from serialpass_tui.core.inventory import Recording
    from serialpass_tui.core.job import Job

WIDTHS = (40, 80)


def clean(*shown: str) -> None:
    """Nothing in these lines drives a terminal, turns their order round or breaks them."""
    for text in shown:
        assert printable(text) == text, f"not printable: {text[:200]!r}"


def fits(lines: Iterable[Line]) -> None:
    """Clean, and no wider than any screen."""
    known = list(lines)
    clean(*(line.text for line in known))
    for width in WIDTHS:
        for part in wrap(known, width):
            assert cell_len(part.text) <= width, f"{cell_len(part.text)} > {width}"


def told(problem: Problem) -> None:
    """An error that says what is wrong, and can be shown."""
    assert problem.code
    assert problem.summary
    clean(problem.code, problem.summary, problem.state, problem.remedy, *problem.view)
    fits(problem_screen.lines(problem))


@contextmanager
def may_refuse() -> Iterator[None]:
    """What is done within may be refused, in words that can be shown."""
    try:
        yield
    except Problem as problem:
        told(problem)


def cells(row: tuple[str, ...]) -> None:
    """A table's row, cut to its columns."""
    for width in (8, 40):
        drawn = columns([width] * len(row), row)
        clean(drawn)
        assert (width + 1) * len(row) - 1 == cell_len(drawn)


def barred(*texts: str) -> None:
    """Lines of their own, cut to the screen."""
    for text in texts:
        for width in WIDTHS:
            drawn = fit(text, width)
            clean(drawn)
            assert width == cell_len(drawn)


def spoken(run: Any) -> None:
    """What a subcommand says, for people and as a document."""
    for as_json in (False, True):
        out = io.StringIO()
        term = plain.Terminal(out, lambda _: "", interactive=False, json=as_json, dry_run=True)
        try:
            run(term)
        except Problem as problem:
            told(problem)
            plain.report_problem(problem, term, out)
        said = out.getvalue()
        if as_json:
            assert said.isascii()
        clean(*said.split("\n"))
        out.getvalue().encode()


class StoppedClock:
    """A clock that stands."""

    def now(self) -> int:
        """The epoch."""
        return 0


def service_of(record: Recording) -> Service:
    """A service over a recording, as `--machine FILE` composes it."""
    return Service(
        recording.RecordedHost(record),
        recording.RecordedFiles(record),
        recording.RecordedToolstack(record),
        recording.RecordedJournal(),
        StoppedClock(),
    )


def shown(plan: HidePlan) -> None:
    """The wizard's three looks at one edit of a boot entry."""
    fits([*boot_entry.overview(plan), *boot_entry.diff(plan), *boot_entry.commands(plan)])


def check_text(text: str) -> None:
    """The door itself, and cutting and wrapping behind it."""
    shown = printable(text)
    assert shown == printable(shown)
    shown.encode()
    assert len(printable(text, 60)) <= 60
    for given in (shown, text):
        fits([Line(given, hang=10, mark="> ")])
        barred(given)
    for width in (0, 1):
        assert width == cell_len(fit(shown, width))
    fits(problem_screen.lines(Problem(Exit.FAILED, "x", text, remedy="")))


def check_host(record: Recording) -> None:
    """Every list, detail and preview of the wizard and of the subcommands over one host."""
    service = service_of(record)
    scan = service.scan()
    found = devices.cards(scan)
    for card in found:
        cells(devices.row(card, ticked=True).cells)
        barred(devices.gist(card), devices.short_name(card.candidate))
        fits(devices.details(card))
    barred(devices.headline(found), devices.warning(scan), *devices.host_notes(scan))
    fits([*devices.nothing_found(scan), *devices.outlook(scan)])
    if scan.pool is not None:
        for vm in scan.pool.vms:
            findings = service.vm_refusals(scan.pool, vm)
            cells(vms.row(scan.pool, vm, findings).cells)
            barred(vms.gist(vm, findings), vms.has(vm))
            fits(vms.details(vm, findings))
    wished = next((card.candidate.bdfs for card in found if card.may_pick), ())
    plan = None
    with may_refuse():
        plan = service.plan_hide(scan, add=wished)
        shown(plan)
    fits(reboot.consequences(scan, plan, None))
    for vm in scan.pool.vms if scan.pool else ():
        with may_refuse():
            fits(bind.preview(service.plan_bind(scan, vm.uuid, wished, start=True)))
    for run in (plain.scan, plain.status, plain.vms, plain.doctor):
        spoken(lambda term, run=run: run(service, term))
    if wished:
        spoken(lambda term: plain.hide(service, term, wished))


def check_job(job: Job) -> None:
    """A job as the journal told it."""
    cells(rollback.row(job).cells)
    barred(rollback.gist(job))
    fits(rollback.story(job))
