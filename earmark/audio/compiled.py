"""Machine code of ``kernel``: compiled by numba once per machine, kept, and loaded in milliseconds.

numba takes half a second to start even when it has nothing to compile, which is more than a short job works. So its
output is kept as an object file for this processor, and jobs load that through llvmlite alone. No compiler is needed.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from earmark.digest import digest, file_digest

Function = Callable[..., None]

CHECKSUM = 32
"""Bytes of SHA-256 at the end of the kept file."""

_KERNEL = Path(__file__).with_name("kernel.py")

_C_TYPES: dict[str, list[Any]] = {
    "spectrogram": [ctypes.c_void_p] * 8 + [ctypes.c_int64] * 7,
    "decibels": [ctypes.c_void_p] * 2 + [ctypes.c_int64] + [ctypes.c_float] * 2,
    "grey": [ctypes.c_void_p] * 2 + [ctypes.c_int64] + [ctypes.c_float] * 2,
}


@cache
def function(name: str) -> Function:
    """A function of ``kernel`` that takes addresses and numbers; it runs without Python's global lock."""
    return ctypes.CFUNCTYPE(None, *_C_TYPES[name])(_library()[1][name])


def object_file() -> Path:
    """Where this processor's machine code is kept, below ``XDG_CACHE_HOME`` (default ``~/.cache``)."""
    import llvmlite
    from llvmlite import binding

    machine = [binding.get_process_triple(), binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()]
    key = digest("kernel", file_digest(_KERNEL), llvmlite.__version__, machine)
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache_home, "earmark", f"kernel-{key}.o")


def build() -> bytes:
    """Compile the kernel: an object file for this processor. Takes seconds."""
    from llvmlite import binding
    from numba import cfunc

    from earmark.audio.kernel import SIGNATURES

    module = binding.parse_assembly("")
    for source, signature in SIGNATURES.items():
        compiled: Any = cfunc(signature, error_model="numpy")(source)
        part = binding.parse_assembly(_closed(compiled.inspect_llvm()))
        part.get_function(compiled.native_name).name = source.__name__
        module.link_in(part)
    return bytes(_target_machine().emit_object(module))


def _closed(code: str) -> str:
    """LLVM ``code`` without references to numba's and Python's runtime, which only exceptions would need.

    The kernel raises none: where its wrapper would call out, the process is stopped.
    """
    code = re.sub(r"^declare (?!.*@llvm\.)(.*)$", r"define weak \1 {\n  unreachable\n}", code, flags=re.MULTILINE)
    return re.sub(r"^(@Py\w+) = external .*$", r"\1 = weak global ptr null", code, flags=re.MULTILINE)


@cache
def _library() -> tuple[Any, Any]:
    """LLVM's loader and the loaded machine code, which both live as long as the process."""
    from llvmlite import binding

    loader = binding.create_lljit_compiler(_target_machine())
    library = binding.JITLibraryBuilder().add_object_img(_object()).add_current_process()
    for name in _C_TYPES:
        library.export_symbol(name)
    return loader, library.link(loader, "earmark")


def _target_machine() -> Any:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    cpu, features = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    return binding.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3)


def _object() -> bytes:
    path = object_file()
    code = _kept(path)
    if code is None:
        code = build()
        _keep(path, code)
    return code


def _kept(path: Path) -> bytes | None:
    """The machine code in ``path``; None if there is none or it is damaged, which LLVM would not survive."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    code, checksum = data[:-CHECKSUM], data[-CHECKSUM:]
    return code if hashlib.sha256(code).digest() == checksum else None


def _keep(path: Path, code: bytes) -> None:
    """Write the file whole or not at all; where it cannot be kept, the next process compiles again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(code + hashlib.sha256(code).digest())
        Path(part.name).replace(path)
    except OSError:
        return
