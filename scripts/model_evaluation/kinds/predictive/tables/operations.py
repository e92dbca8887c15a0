"""What `answer data` can do to the rows: a new file beside the project, never the file itself."""

from __future__ import annotations

import csv
import io
import os
import shlex

from model_evaluation.conversation.context import Context
from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically
from model_evaluation.kinds.predictive.recorded import open_test_set

from .duck import Table

OPERATIONS = ("dedupe", "drop-invalid", "sample")


def prepare(context: Context, text: str) -> Refused:
    """Writes the rows that the operation leaves, as CSV with a header, and says what to answer next."""
    word, *others = text.lower().split()
    with open_test_set(context) as table:
        rows = table.query(f"SELECT * EXCLUDE (n) FROM ({_kept(table, word, others)}) ORDER BY n")  # noqa: S608
        names, before = table.names, table.count()
    if word != "sample" and len(rows) in (0, before):
        what = "is equal to an earlier one" if word == "dedupe" else "has an empty cell"
        every = f"Every row {what}: none would be left."
        raise Refused(
            f"There is nothing to leave out: no row {what}. No file was written." if rows else every,
            fix="Go on with the rows as they are: evaluate.py answer data ok",
            code="nothing_to_leave_out" if rows else "nothing_left",
        )
    uri = str(context.facts("dataset")["uri"])
    folder = os.path.join(context.project, "datasets")
    os.makedirs(folder, exist_ok=True)
    stem = os.path.splitext(os.path.basename(uri.rstrip("/")))[0] or "rows"
    path = os.path.join(folder, f"{stem}-{'-'.join([word, *others])}.csv")
    if os.path.exists(path):
        raise Refused(f"{path} is there already; nothing was written.", fix="Move it away, or answer with it.")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([names, *rows])  # None is an empty cell
    write_atomically(path, out.getvalue().encode())
    return Refused(
        f"{len(rows):,} rows were written to {path}; {uri} is as it was.",
        fix=f"To use them: evaluate.py answer dataset {shlex.quote(path)}",
        code="prepared",
        details={"file": path, "rows": len(rows)},
    )


def _kept(table: Table, word: str, others: list[str]) -> str:
    """SQL for the rows that stay, each with its place ``n``."""
    places = table.places
    numbered = "SELECT *, row_number() OVER () AS n FROM rows"
    if word == "dedupe":
        return f"SELECT * FROM ({numbered}) QUALIFY row_number() OVER (PARTITION BY {places} ORDER BY n) = 1"  # noqa: S608
    if word == "drop-invalid":
        return f"SELECT * FROM ({numbered}) WHERE {' IS NOT NULL AND '.join(places.split(', '))} IS NOT NULL"  # noqa: S608
    if len(others) not in (1, 2) or not all(other.isdigit() for other in others) or int(others[0]) < 1:
        raise Refused(
            "sample needs a number of rows, and may have a seed.", fix="For example: answer data 'sample 5000 1'"
        )
    seed = others[1] if len(others) > 1 else "0"
    # By a digest of the row and the seed: the same rows whenever it is repeated.
    order = f"md5(concat_ws('|', '{seed}', n::VARCHAR, {places}))"
    return f"SELECT * FROM ({numbered}) ORDER BY {order} LIMIT {int(others[0])}"  # noqa: S608
