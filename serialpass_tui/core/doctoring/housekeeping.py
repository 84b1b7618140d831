"""What was left behind: jobs, the lock, the driver that is not there."""

from __future__ import annotations

from serialpass_tui.core import boot
from serialpass_tui.core.doctoring.ailment import Ailment, Cure
from serialpass_tui.core.hide_list import listed
from serialpass_tui.core.inventory import PcibackForm
from serialpass_tui.core.text import printable
from serialpass_tui.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from serialpass_tui.core.doctoring.facts import Facts
    from serialpass_tui.core.doctoring.memory import Memory
    from serialpass_tui.core.job import Job, LockFile


def of_files(facts: Facts) -> Iterator[Ailment]:
    """A boot file or a journal that cannot be read."""
    for code, problem in (("boot-file", facts.boot_problem), ("journal-damaged", _damage(facts))):
        if problem is not None:
            why = {
                "boot-file": "Nothing can be said of the boot entries, nor changed in them.",
                "journal-damaged": "No job can be told, finished or rolled back.",
            }[code]
            yield Ailment(code, printable(problem.summary), why, printable(problem.remedy))


def _damage(facts: Facts) -> Problem | None:
    """A journal that root cannot read either; want of rights is no ailment of the host."""
    problem = facts.journal_problem
    unread = problem is not None and problem.code == "state-unreadable"
    return None if unread else problem


def of_settings(facts: Facts, memory: Memory) -> Iterator[Ailment]:
    """Files that this tool wrote beside the boot entry, and that no longer say what they must."""
    if facts.boot is None or not memory.files:
        return
    try:
        plan = boot.plan_hide(facts.boot, facts.dialect, functions=facts.functions)
    except Problem:
        return  # told where the entry itself is judged
    for companion in boot.with_companions(plan, facts.inventory).companions:
        path = companion.edit.path
        if path in memory.files and companion.edit.after is not None:
            yield Ailment(
                "settings-lost",
                f"{printable(path)} is gone or no longer says what this tool wrote there.",
                companion.why,
                f"Write {printable(path)} again.",
                Cure(boot=True),
            )


def of_installation(facts: Facts) -> Iterator[Ailment]:
    """This tool was installed, and the host no longer has all of it."""
    if not facts.own_lost:
        return
    problem = facts.own_problem
    remedy = "Install it again, from the program that runs now."
    if problem is not None:
        remedy = f"{printable(problem.summary)} {printable(problem.remedy)}"
    verb = "is" if len(facts.own_lost) == 1 else "are"
    yield Ailment(
        "install-lost",
        f"This tool was installed here, and {listed([printable(p) for p in facts.own_lost])} "
        f"{verb} gone or changed, as after an upgrade of the host.",
        "It may not start at a prompt or from the menu of xsconsole, and a login may not be told "
        "of an open job.",
        remedy,
        Cure(install=True) if facts.own_repair else None,
    )


def of_jobs(facts: Facts) -> Iterator[Ailment]:
    """Jobs that are not at their end."""
    for job in facts.jobs:
        if job.is_open:
            yield _open(job)


def _open(job: Job) -> Ailment:
    back, verb = (job.undoes, "finish it") if job.undoes else (job.id, "take it back")
    on = "Reboot this host" if job.awaits_reboot else "Run `serialpass-tui`, which takes it up,"
    remedy = f"{on} to go on, or `serialpass-tui rollback {back}` to {verb}."
    if job.goal.is_own:
        remedy = "Run `serialpass-tui install` or `uninstall`, which plans it anew."
    left = [printable(job.changes[index].describe(), 80) for index in job.remaining]
    rest = f"left to do: {listed(left)}" if left else "it waits for its next step"
    return Ailment(
        "job-open",
        f"Job {job.id}, {printable(job.title, 80)}, is open; {rest}.",
        "The host is not as that job was to leave it.",
        remedy,
        bdfs=tuple(device.bdf for device in job.devices),
        reboot=job.awaits_reboot,
    )


def of_lock(lock: LockFile | None) -> Iterator[Ailment]:
    """The lock, held or left behind; the kernel frees it when its holder ends, however it ends."""
    if lock is None:
        return
    holder = printable(lock.holder, 20) or "unknown"
    if lock.held:
        yield Ailment(
            "lock-held",
            f"Process {holder} on {printable(lock.terminal, 40)} holds the lock for "
            f"{lock.age_s} s.",
            "Nothing else can be changed meanwhile.",
            f"Wait for its end or go to that terminal. If it hangs, see what it waits for "
            f"(`ps -fp {holder}`), and end that process: what it did is in the journal.",
        )
    else:
        yield Ailment(
            "lock-left",
            f"Process {holder} on {printable(lock.terminal, 40)} was killed while it held the "
            "lock.",
            "It may have left a job half done; the lock itself is free.",
            "Take the lock and let it go, which brings the journal up to date with the host.",
            Cure(),
        )


def of_pciback(facts: Facts) -> Iterator[Ailment]:
    """The driver that is to hold the devices is not there in this boot."""
    facts_of_host = facts.inventory
    if not facts.running or facts_of_host.xen is None or facts_of_host.pciback_registered:
        return
    wanted = facts.hide.asked | facts.hide.booted
    wanted |= {bdf for _, bdfs in facts.users() for bdf in bdfs}
    what = "The driver pciback is not registered in this boot"
    why = "No device is hidden, and no VM with a PCI device starts."
    if facts.hide.booted_error:
        listed_wrong = facts.default is not None and facts.default.error
        remedy = "Reboot this host: the boot entry has no such list any more."
        if listed_wrong:
            remedy = "Repair the boot entry (hide-list-kernel), then reboot this host."
        yield Ailment(
            "pciback-missing",
            f"{what}: the kernel refused the hide list that it was booted with; "
            f"{facts.hide.booted_error}.",
            why,
            remedy,
            reboot=not listed_wrong,
        )
        return
    form = facts_of_host.pciback
    if form is PcibackForm.BUILTIN:
        log = "See `dmesg | grep -i pciback` for what it says, then reboot this host."
        yield Ailment("pciback-missing", f"{what}, although this kernel has it.", why, log)
    elif wanted:
        names = " ".join(map(str, sorted(wanted)))
        module = form is not PcibackForm.ABSENT
        yield Ailment(
            "pciback-missing",
            f"{what}: its module is not loaded."
            if module
            else f"{what}: this kernel, {printable(facts_of_host.kernel, 60)}, has none.",
            why,
            f"`modprobe xen-pciback` loads it; `serialpass-tui hide {names} --now` does that too "
            "and takes the devices."
            if module
            else "Boot a dom0 kernel that has xen-pciback.",
            bdfs=tuple(sorted(wanted)),
        )
