"""Run by the interpreter of the one file: compile a directory's modules, then pack it as a zip.

Sources are left out: a traceback has its line numbers without them. The compiled modules bear the
hash of their source and not a time (PEP 552), and are never checked against it.
"""

import py_compile
import sys
import zipfile
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Compile and pack: `pack.py DIRECTORY ARCHIVE`."""
    stage, target = Path(sys.argv[1]), Path(sys.argv[2])
    for source in sorted(stage.rglob("*.py")):
        py_compile.compile(
            str(source),
            cfile=f"{source}c",
            dfile=source.relative_to(stage).as_posix(),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        source.unlink()
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(path for path in stage.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(stage).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes(), compresslevel=9)


main()
