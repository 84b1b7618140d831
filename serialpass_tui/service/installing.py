"""Plans that put this tool on a host as a program of its own, and take it away again."""

from __future__ import annotations

from serialpass_tui.core import conflict, installing
from serialpass_tui.core.changes import FileEdit
from serialpass_tui.core.hide_list import listed
from serialpass_tui.core.job import Progress
from serialpass_tui.core.program import Link, ProgramCopy
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Exit, Problem
from serialpass_tui.lazy import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from serialpass_tui.core.installing import Own, Program
    from serialpass_tui.core.job import Job
    from serialpass_tui.core.ports import Files

NAME = installing.NAME
OPEN = "open"
"""The file in the state directory that is there while jobs are open."""
TERMINALS = "terminals"
"""What the state directory holds of settings: what was said of terminals (`--terminal`)."""


@frozen
class InstallPlan:
    """What puts the tool on the host, or takes it away."""

    changes: tuple[Own, ...]
    start: str
    """What starts it afterwards; empty where it is taken away."""
    notes: tuple[str, ...]
    """What else is to be known, a sentence each."""


def installed(program: Program, files: Files, jobs: Iterable[Job], told: str) -> InstallPlan:
    """What puts `program` on the host, beside or in place of an older one.

    `told` is the file that is there while jobs are open.

    Raises:
        Problem: `no-program`; `place-taken`, `own-file-changed` where somebody else's is in the
            way.
    """
    if not program.path:
        raise Problem(
            Exit.USAGE,
            "no-program",
            "This is run by `python -m`: there is no program that a link or a menu could start.",
            remedy="Run the one file for dom0, or the `serialpass-tui` that pip has made.",
        )
    known = installing.standing(jobs)
    changes: list[Own] = []
    notes: list[str] = []
    home, start = program.home, program.home
    if program.seal is not None:
        if (now := files.seal(home)) != program.seal:
            if now is not None:
                raise _taken(home)
            changes.append(ProgramCopy(home, None, program.seal, program.path))
        notes += _older(known, home)
    else:
        notes.append(f"The program stays where pip has put it: {printable(home)}.")
    folder = next((f for f in installing.LINK_FOLDERS if files.is_folder(f)), "")
    if home.rpartition("/")[0] not in installing.LINK_FOLDERS and folder:
        start = f"{folder}/{installing.NAME}"
        changes += _link(files, known, start, home)
    if files.is_folder(installing.HINT.rpartition("/")[0]):
        changes += _text(files, known, installing.HINT, installing.hint(told))
    plugins = next((f for f in installing.PLUGIN_FOLDERS if files.is_folder(f)), "")
    if plugins and start.isascii():
        path = f"{plugins}/{installing.PLUGIN}"
        changes += _text(files, known, path, installing.plugin(start, told))
    return InstallPlan(tuple(changes), start, tuple(notes))


def uninstalled(files: Files, jobs: Iterable[Job], told: str, state: str) -> InstallPlan:
    """What takes everything away that was installed; the programs last, for one of them runs.

    `state` is the state directory, as the host names it.

    Raises:
        Problem: `job-open`; `own-file-changed` where somebody else has edited one of the files.
    """
    jobs = tuple(jobs)
    if waiting := [job for job in jobs if job.is_open and not job.goal.is_own]:
        raise _still_open(waiting[-1])
    known = {**_found(files, told), **installing.standing(jobs)}
    changes: list[Own] = []
    for change in known.values():
        now = _now(files, change)
        if now is not None and now != change.after:
            raise _edited(change, now)
        if now is not None:
            changes.append(_away(change))
    changes.sort(key=lambda change: isinstance(change, ProgramCopy))
    said = f"{state}/{TERMINALS}"
    if (now := _read(files, said)) is not None:
        changes.insert(0, FileEdit(said, now, None, own=True))
    return InstallPlan(tuple(changes), "", ())


def lost(files: Files, jobs: Iterable[Job]) -> tuple[str, ...]:
    """The paths at which the host no longer has what was installed, though their folders exist."""
    known = installing.standing(jobs)
    links = {change.after for change in known.values() if isinstance(change, Link)}

    def is_needed(change: Own) -> bool:
        """A program that no link leads to any more, and xsconsole where it is gone, are not."""
        if isinstance(change, ProgramCopy):
            return change.path in links or not links
        return files.is_folder(change.path.rpartition("/")[0])

    return tuple(
        change.path
        for change in known.values()
        if is_needed(change) and _now(files, change) != change.after
    )


def elsewhere() -> Problem:
    """Why nothing is installed on a disk that is mounted, or on a recorded host."""
    return Problem(
        Exit.USAGE,
        "not-running",
        "The tool is installed by the host that it is for: its program must run there.",
        remedy="Boot that host, copy the file there and run its `install`. `uninstall` also works "
        "with --host-root.",
    )


def _found(files: Files, told: str) -> dict[str, Own]:
    """What is there of this version's, whatever the journal says: somebody may have lost that."""
    found: dict[str, Own] = {}
    for folder in installing.LINK_FOLDERS:
        path = f"{folder}/{installing.NAME}"
        target = files.link(path) or ""
        if not target.startswith(f"{installing.HOME}/"):
            continue
        found[path] = Link(path, None, target)
        if (seal := files.seal(target)) is not None:
            found[target] = ProgramCopy(target, None, seal)
        for place in installing.PLUGIN_FOLDERS:
            feature = f"{place}/{installing.PLUGIN}"
            text = installing.plugin(path, told)
            if _read(files, feature) == text:
                found[feature] = FileEdit(feature, None, text, own=True)
    if _read(files, installing.HINT) == installing.hint(told):
        found[installing.HINT] = FileEdit(installing.HINT, None, installing.hint(told), own=True)
    return found


def _link(files: Files, known: Mapping[str, Own], path: str, target: str) -> list[Own]:
    now = files.link(path)
    if now == target:
        return []
    ours = known[path].after if path in known else None
    if now is None or now == ours or now.startswith(f"{installing.HOME}/"):
        return [Link(path, now, target)]
    raise _taken(path)


def _text(files: Files, known: Mapping[str, Own], path: str, text: bytes) -> list[Own]:
    now = _read(files, path)
    if now == text:
        return []
    before = known.get(path)
    if now is None or (before is not None and now == before.after):
        return [FileEdit(path, now, text, own=True)]
    if before is None:
        raise _taken(path)
    raise _edited(before, now)


def _older(known: Mapping[str, Own], home: str) -> list[str]:
    """Programs that stay beside the new one: a running copy loads its parts from its own file."""
    stay = [c for c in known.values() if isinstance(c, ProgramCopy) and c.path != home]
    size = sum(c.after.size for c in stay if c.after is not None)
    if not stay:
        return []
    names = listed([printable(c.path) for c in stay])
    why = "what still runs from there loads its parts from it"
    return [f"{names} stays ({size >> 20} MiB): {why}; `uninstall` takes it away too."]


def _now(files: Files, change: Own) -> object:
    """What the place of a change holds; None: nothing."""
    if isinstance(change, ProgramCopy):
        return files.seal(change.path)
    if isinstance(change, Link):
        return files.link(change.path)
    return _read(files, change.path)


def _away(change: Own) -> Own:
    if isinstance(change, ProgramCopy):
        return ProgramCopy(change.path, change.after, None)
    if isinstance(change, Link):
        return Link(change.path, change.after, None)
    return FileEdit(change.path, change.after, None, own=True)


def _read(files: Files, path: str) -> bytes | None:
    """A file's bytes; None: there is none. Raises Problem where it cannot be read."""
    try:
        return files.read(path)
    except Problem as problem:
        if problem.code != "file-missing":
            raise
        return None


def _taken(path: str) -> Problem:
    return Problem(
        Exit.CONFLICT,
        "place-taken",
        f"{printable(path)} is there already, and this tool has not put it there.",
        remedy="Look at what it is; move it away, then try again.",
    )


def _edited(change: Own, now: object) -> Problem:
    view: tuple[str, ...] = ()
    if isinstance(change, FileEdit):
        found = now if isinstance(now, bytes) else None
        view = conflict.three_way(FileEdit(change.path, change.after, None), found)
    return Problem(
        Exit.CONFLICT,
        "own-file-changed",
        f"{printable(change.path)} is no longer what this tool has put there: somebody else "
        "changed it.",
        remedy="Keep elsewhere what is to stay, take that file away, then try again.",
        view=view,
    )


def _still_open(job: Job) -> Problem:
    left = sum(progress is not Progress.DROPPED for progress in job.progress)
    return Problem(
        Exit.REFUSED,
        "job-open",
        f"Job {job.id}, {printable(job.title, 60)}, with {left} changes, is not at its end.",
        remedy=f"Bring it to its end with `serialpass-tui`, or take it back with `serialpass-tui "
        f"rollback {job.id}`; then uninstall.",
    )
