"""Running a notebook without Jupyter: a real kernel of this interpreter, saved after every cell."""

from __future__ import annotations

import ast
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically
from model_evaluation.packages import missing_package, without_grammars

from .cells import METADATA_KEY, PARAMETERS_TAG, has_tag
from .values import python_literal

Untyped = Any
"""Objects of Jupyter's packages, which have no types: notebooks, cells, messages, clients and kernels."""

KERNEL = """
import runpy, sys
sys.modules.setdefault("rfc3987_syntax", None)  # see packages.without_grammars
runpy.run_module("ipykernel_launcher", run_name="__main__")
"""
INJECTED_TAG = "injected-parameters"
KERNEL_STARTS_WITHIN = 120  # seconds


@dataclass(frozen=True)
class ExecutionOutcome:
    """How a run ended. ``failed_cell`` is the id of the cell that raised, ``ename`` and ``evalue`` what it raised; all
    are empty when ``ok``."""

    ok: bool
    notebook: Path
    cells_run: int
    seconds: float
    failed_cell: str = ""
    ename: str = ""
    evalue: str = ""


def execute_notebook(
    source: Path,
    target: Path,
    *,
    env: Mapping[str, str],
    cwd: Path,
    parameters: Mapping[str, object] | None,
    on_progress: Callable[[str], None],
    timeout: float | None = None,
    python: str = sys.executable,
) -> ExecutionOutcome:
    """Runs ``source`` top to bottom and keeps ``target`` up to date with every cell that ended.

    ``env`` is the kernel's whole environment, ``cwd`` its working folder, ``python`` its interpreter, ``timeout`` the
    most seconds one cell may take (``None``: no limit). ``parameters`` override values of the parameters cell the way
    papermill does it, by a cell tagged ``injected-parameters`` after it; a name that cell does not define is
    :class:`Refused`. ``on_progress`` gets one line per cell and every line that a cell prints, as it is printed.

    A cell that raises, a kernel that dies and a time limit end the run; the saved notebook has the error and the
    outcome says where. An interrupt ends the kernel, saves the notebook and is passed on.
    """
    without_grammars()
    try:
        import ipykernel  # noqa: F401
        from nbclient import NotebookClient, exceptions
    except ImportError as error:
        raise missing_package(error.name) from error
    import nbformat

    notebook = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]
    if parameters:
        inject_parameters(notebook, parameters)
    cells = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for _, cell in cells:
        cell.outputs, cell.execution_count = [], None
    printed = _Printed(on_progress)

    class Client(NotebookClient):
        def process_message(self, msg: Untyped, cell: Untyped, cell_index: int) -> Untyped:
            printed.hear(msg)
            return super().process_message(msg, cell, cell_index)

    began = time.monotonic()
    _save(notebook, target)
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        client = Client(
            notebook,
            km=_kernel_manager(folder, python),
            timeout=timeout,
            startup_timeout=KERNEL_STARTS_WITHIN,
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",  # everything that matters is on disk by then
            resources={"metadata": {"path": str(cwd)}},
        )
        client.owns_km = True  # so that the kernel is ended with the run
        # The debugger's start-up warning is noise here.
        with client.setup_kernel(env={"PYDEVD_DISABLE_FILE_VALIDATION": "1", **env}):
            for count, (index, cell) in enumerate(cells):
                cell_id = cell.get("id", f"cell {index}")
                on_progress(f"[{count + 1}/{len(cells)}] {cell_id}")
                try:
                    client.execute_cell(cell, index)
                except exceptions.CellExecutionError as error:
                    failure = error.ename, error.evalue
                except (exceptions.DeadKernelError, exceptions.CellTimeoutError, KeyboardInterrupt) as error:
                    failure = type(error).__name__, str(error)
                    cell.outputs.append(_error_output(*failure))
                    if isinstance(error, KeyboardInterrupt):
                        raise
                else:
                    continue
                finally:
                    _save(notebook, target)
                return ExecutionOutcome(False, target, count, time.monotonic() - began, cell_id, *failure)
    return ExecutionOutcome(True, target, len(cells), time.monotonic() - began)


def inject_parameters(notebook: Untyped, parameters: Mapping[str, object]) -> None:
    """Adds (or replaces) the cell that overrides the parameters cell's values: ours, where the notebook has others."""
    from nbformat.v4 import new_code_cell

    cells = notebook.cells
    tagged = [i for i, cell in enumerate(cells) if has_tag(cell, PARAMETERS_TAG)]
    if not tagged:
        raise Refused("The notebook has no cell tagged parameters.", fix="Render the notebook again.")
    place = next((i for i in tagged if METADATA_KEY in cells[i].metadata), tagged[0])
    names = _assigned_names(cells[place].source)
    unknown = sorted(set(parameters) - names)
    if unknown:
        raise Refused(
            f"The notebook has no parameter {', '.join(unknown)}; it has {', '.join(sorted(names))}.",
            fix="Use one of the parameters it has.",
        )
    source = "# Parameters\n" + "\n".join(f"{name} = {python_literal(value)}" for name, value in parameters.items())
    if place + 1 < len(cells) and has_tag(cells[place + 1], INJECTED_TAG):
        del cells[place + 1]
    injected = new_code_cell(source, id=INJECTED_TAG, metadata={"tags": [INJECTED_TAG]})  # type: ignore[no-untyped-call]
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        del injected["id"]
    cells.insert(place + 1, injected)


def _assigned_names(source: str) -> set[str]:
    return {
        target.id
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _kernel_manager(folder: str, python: str) -> Untyped:
    """A kernel of this interpreter, whatever kernels are registered on this machine.

    ``folder`` takes its connection file and, where the system has them, its sockets: other users cannot connect.
    """
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [python, "-c", KERNEL, "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python", interrupt_mode="signal")

    return AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=ThisInterpreter(),
        connection_file=os.path.join(folder, "kernel.json"),
        transport="tcp" if os.name == "nt" else "ipc",
    )


class _Printed:
    """Hands on what a cell prints, line by line, and the new lines of a display that is updated in place."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._shown: dict[str, list[str]] = {}
        self._partial = ""

    def hear(self, message: Untyped) -> None:
        content, lines = message["content"], []
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            *lines, self._partial = (self._partial + content["text"]).split("\n")
        elif message["msg_type"] in ("display_data", "update_display_data"):
            display_id = content.get("transient", {}).get("display_id")
            if display_id is not None:
                text = content["data"].get("text/plain", "").split("\n")
                lines = [line for line in text if line not in self._shown.get(display_id, ())]
                self._shown[display_id] = text
        for line in lines:
            if line.strip():
                self._on_line(line)


def _error_output(ename: str, evalue: str) -> Untyped:
    from nbformat.v4 import new_output

    return new_output("error", ename=ename, evalue=evalue, traceback=[f"{ename}: {evalue}"])  # type: ignore[no-untyped-call]


def _save(notebook: Untyped, target: Path) -> None:
    import nbformat

    text = nbformat.writes(deepcopy(notebook))  # type: ignore[no-untyped-call]
    # A notebook may hold lone surrogates, which UTF-8 has no bytes for; JSON can write them as escapes.
    write_atomically(target, (text.rstrip("\n") + "\n").encode("utf-8", errors="backslashreplace"))
