"""Compiles for a Hopper GPU, without one, whatever kernels are launched inside `recorded_launches`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, CompiledKernel
from triton.compiler import compile as compile_kernel
from triton.runtime.jit import JITFunction

HOPPER = GPUTarget("cuda", 90, 32)
OPTIONS = ("num_warps", "num_stages")
TYPES = {
    torch.float16: "*fp16", torch.bfloat16: "*bf16", torch.float32: "*fp32", torch.int32: "*i32",
    torch.int64: "*i64",
}  # fmt: skip

Launch = tuple[JITFunction, tuple[Any, ...], dict[str, Any]]


@contextmanager
def recorded_launches() -> Iterator[list[Launch]]:
    """Launches inside are noted and not made."""
    launches: list[Launch] = []

    def note(kernel: JITFunction, *args: Any, grid: Any, warmup: bool, **options: Any) -> None:
        launches.append((kernel, args, options))

    with patch.object(JITFunction, "run", note):
        yield launches


def compiled(launch: Launch) -> CompiledKernel:
    """The program that this launch would run: whole vectors where sizes and addresses allow."""
    kernel, args, options = launch
    given = dict(zip(kernel.arg_names, args, strict=False)) | {
        name: value for name, value in options.items() if name in kernel.arg_names
    }
    types, constants, hints = {}, {}, {}
    for number, parameter in enumerate(kernel.params):
        value, place = given[parameter.name], (number,)
        is_fixed = isinstance(value, int) and not parameter.do_not_specialize
        if parameter.is_constexpr or (is_fixed and value == 1):
            types[parameter.name], constants[place] = "constexpr", value
        elif isinstance(value, torch.Tensor):
            types[parameter.name] = TYPES[value.dtype]
            hints[place] = [["tt.divisibility", 16]] if value.data_ptr() % 16 == 0 else []
        elif isinstance(value, float):
            types[parameter.name] = "fp32"
        else:
            types[parameter.name] = "i32" if -(2**31) <= value < 2**31 else "i64"
            hints[place] = [["tt.divisibility", 16]] if is_fixed and value % 16 == 0 else []
    settings = {name: value for name, value in options.items() if name in OPTIONS}
    source = ASTSource(kernel, types, constants, {place: hint for place, hint in hints.items() if hint})
    return compile_kernel(source, target=HOPPER, options=settings)
