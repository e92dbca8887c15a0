"""What `answer data` can do to the rows: a new file beside the project, never the file itself."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically
from model_evaluation.kinds.predictive.recorded import aws_for, test_source

from .duck import Table, open_table

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

OPERATIONS = ("dedupe", "drop-invalid", "sample")


def prepare(context: Context, text: str) -> Refused:
    """Writes the rows that the operation leaves, as CSV with a header, and says what to answer next."""
    word, *others = text.lower().split()
    source = test_source(context)
    with open_table(aws_for(context, source.uri), source) as table:
        kept = _kept(table, word, others)
        rows = table.query(f"SELECT * EXCLUDE (n) FROM ({kept}) ORDER BY n")  # noqa: S608 - our own text
        names = table.names
    folder = os.path.join(context.project, "datasets")
    os.makedirs(folder, exist_ok=True)
    stem = os.path.splitext(os.path.basename(source.uri.rstrip("/")))[0] or "rows"
    path = os.path.join(folder, f"{stem}-{'-'.join([word, *others])}.csv")
    if os.path.exists(path):
        raise Refused(f"{path} is there already; nothing was written.", fix="Move it away, or answer with it.")
    write_atomically(path, csv_bytes(names, rows))
    return Refused(
        f"{len(rows):,} rows were written to {path}; {source.uri} is as it was.",
        fix=f"To use them: evaluate.py answer dataset {shlex.quote(path)}",
        code="prepared",
        details={"file": path, "rows": len(rows)},
    )


def csv_bytes(names: tuple[str, ...], rows: list[tuple[object, ...]]) -> bytes:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return out.getvalue().encode()


def _kept(table: Table, word: str, others: list[str]) -> str:
    """SQL for the rows that stay, each with its place ``n``."""
    places = ", ".join(f"c{number}" for number in range(len(table.names)))
    numbered = "SELECT *, row_number() OVER () AS n FROM rows"
    if word == "dedupe":
        return f"SELECT * FROM ({numbered}) QUALIFY row_number() OVER (PARTITION BY {places} ORDER BY n) = 1"  # noqa: S608
    if word == "drop-invalid":
        every = " AND ".join(f"c{number} IS NOT NULL" for number in range(len(table.names)))
        return f"SELECT * FROM ({numbered}) WHERE {every}"  # noqa: S608
    if not others or not others[0].isdigit() or len(others) > 2 or not others[-1].isdigit() or int(others[0]) < 1:
        raise Refused(
            "sample needs a number of rows, and may have a seed.", fix="For example: answer data 'sample 5000 1'"
        )
    seed = others[1] if len(others) > 1 else "0"
    # By a digest of the row and the seed: the same rows whenever it is repeated.
    order = f"md5(concat_ws('|', '{seed}', n::VARCHAR, {places}))"
    return f"SELECT * FROM ({numbered}) ORDER BY {order} LIMIT {int(others[0])}"  # noqa: S608
