"""One QEMU machine: its wires, its monitor, its end."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Self, cast

from tests.e2e.rig import inputs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PATIENCE = 4.0
"""How many times longer than measured everything may take: the machine may be busy."""


class Timeout(AssertionError):
    """The machine did not say what it was waited for."""


class Wire:
    """The host's end of a serial line of the machine, always listening: a full line stops it."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._heard = b""
        self._read = 0
        self._news = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def heard(self) -> bytes:
        """Everything that came out of the line."""
        with self._news:
            return self._heard

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._socket.recv(65536):
                with self._news:
                    self._heard += data
                    self._news.notify_all()

    def hang_up(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._socket.close()

    def send(self, text: str) -> None:
        """Put bytes on the line."""
        self._socket.sendall(text.encode())

    def expect(self, words: str, seconds: float) -> str:
        """What comes up to and with `words`, from where the last call ended."""
        wanted = words.encode()
        with self._news:
            self._news.wait_for(lambda: wanted in self._heard[self._read :], seconds)
            at = self._heard.find(wanted, self._read)
            if at < 0:
                tail = self._heard[self._read :][-2000:].decode("utf-8", "replace")
                raise Timeout(f"no {words!r} within {seconds:.0f} s; the end of what came:\n{tail}")
            begin, self._read = self._read, at + len(wanted)
            return self._heard[begin : self._read].decode("utf-8", "replace")


class Qemu:
    """A running machine; leaving the context cuts its power."""

    def __init__(
        self,
        scratch: Path,
        disk: Path,
        *,
        extra: Sequence[str] = (),
        wires: Sequence[str] = (),
        unwritable: int | None = None,
    ) -> None:
        """`unwritable` is a sector of the disk that takes no write (QEMU docs/devel/blkdebug)."""
        fault = ""
        if unwritable is not None:
            error = ("event=write_aio", "iotype=write", f"sector={unwritable}", "errno=5")
            fault = ",file.driver=blkdebug" + "".join(f",file.inject-error.0.{e}" for e in error)
        file = "file.filename" if unwritable is None else "file.image.filename"
        self._scratch = scratch
        self._names = ("first", "second", *wires)
        self._argv = [
            *(inputs.QEMU, "-nodefaults", "-no-user-config", "-machine", "q35,accel=tcg"),
            *("-cpu", "qemu64", "-m", "1100", "-vga", "std", "-display", "none"),
            *("-rtc", "base=utc", "-device", "intel-iommu,intremap=off"),
            *("-drive", f"{file}={disk},format=raw,if=none,id=d0,cache=writeback{fault}"),
            *("-device", "ide-hd,drive=d0,bus=ide.0"),
            *("-qmp", f"unix:{self._path('qmp')},server=on,wait=off"),
        ]
        for name in self._names:
            path = self._path(name)
            self._argv += ["-chardev", f"socket,id={name},path={path},server=on,wait=off"]
        self._argv += ["-serial", "chardev:first", "-serial", "chardev:second", *extra]

    def _path(self, name: str) -> Path:
        return self._scratch / f"{name}.sock"

    def __enter__(self) -> Self:
        for stale in self._scratch.glob("*.sock"):
            stale.unlink()
        self._log: IO[bytes] = (self._scratch / "qemu.log").open("wb")
        self._process = subprocess.Popen(
            self._argv, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        try:
            self._monitor = _Monitor(self._connect("qmp"))
            self.wires = {name: Wire(self._wait_for(name)) for name in self._names}
        except (OSError, ValueError) as error:
            self._stop()
            said = (self._scratch / "qemu.log").read_text(errors="replace")
            raise RuntimeError(f"QEMU did not start: {said}") from error
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._monitor.hang_up()
        for name, wire in self.wires.items():
            wire.hang_up()
            (self._scratch / f"{name}.log").write_bytes(wire.heard)
        self._stop()

    def _stop(self) -> None:
        """End this one process, as a power cut does."""
        self.cut_power()
        self._log.close()

    def _wait_for(self, name: str) -> Path:
        path = self._path(name)
        deadline = time.monotonic() + 20
        while not path.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ConnectionError(f"no {path}")
            time.sleep(0.02)
        return path

    def _connect(self, name: str) -> socket.socket:
        path = self._wait_for(name)
        door = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 20
        while True:
            try:
                door.connect(str(path))
            except ConnectionRefusedError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return door

    @property
    def first_serial(self) -> Wire:
        """Xen's console."""
        return self.wires["first"]

    @property
    def second_serial(self) -> Wire:
        """The test's own shell in dom0."""
        return self.wires["second"]

    def cut_power(self) -> None:
        """Kill the machine: what dom0 did not write to its disk is lost."""
        self._process.kill()
        self._process.wait()

    def wait_for_end(self, seconds: float) -> None:
        """Wait until the machine has switched itself off."""
        self._process.wait(seconds)

    def monitor(self, command: str, **arguments: object) -> Any:
        """Ask QEMU; its answer."""
        return self._monitor.ask(command, arguments)

    def press(self, *keys: str) -> None:
        """Press keys of the machine's own keyboard together, and let go."""
        codes = [{"type": "qcode", "data": key} for key in keys]
        self.monitor("send-key", keys=codes, **{"hold-time": 20})
        time.sleep(0.06)

    def screen(self, *, lit: bool = False) -> str:
        """The characters on the VGA text console, line by line, read out of the card's memory.

        With `lit` only those on a background that is not black. No program in the machine takes part, so
        that looking costs it no time and boot menus are seen too. Linux shows the beginning of
        that memory only with `no-scroll` on its command line: otherwise it scrolls by moving the
        window over it.
        """
        dump = self._scratch / "screen"
        self.monitor("pmemsave", val=0xB8000, size=80 * 25 * 2, filename=str(dump.absolute()))
        memory = dump.read_bytes()
        glyphs = memory[::2].decode("cp437").replace("\0", " ")
        if lit:
            inks = memory[1::2]
            glyphs = "".join(
                glyph if ink & 0x70 else " " for glyph, ink in zip(glyphs, inks, strict=True)
            )
        return "\n".join(glyphs[at : at + 80].rstrip() for at in range(0, len(glyphs), 80))

    def screenshot(self, path: Path) -> None:
        """The picture on the VGA console, as PNG."""
        self.monitor("screendump", filename=str(path), format="png")


class _Monitor:
    """QEMU's machine protocol: one JSON document a line."""

    def __init__(self, door: socket.socket) -> None:
        door.settimeout(30)
        self._stream = door.makefile("rwb")
        door.close()  # the stream holds it from here on
        self._stream.readline()
        self.ask("qmp_capabilities", {})

    def hang_up(self) -> None:
        """Close it; the machine may be gone."""
        with contextlib.suppress(OSError):
            self._stream.close()

    def ask(self, command: str, arguments: dict[str, object]) -> Any:
        question = json.dumps({"execute": command, "arguments": arguments})
        self._stream.write(question.encode() + b"\n")
        self._stream.flush()
        while True:
            answer = cast("dict[str, Any]", json.loads(self._stream.readline()))
            if "error" in answer:
                raise RuntimeError(f"QEMU refuses {question}: {answer['error']}")
            if "return" in answer:
                return answer["return"]
