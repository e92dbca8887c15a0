"""`dataset split` for tables of rows."""

from __future__ import annotations

from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import SplitTool

from .tables.split import SplitRule, parse_shares, split_table


class TableSplit(SplitTool):
    def run(self, uri: str, folder: str, *, by: str, column: str, shares: str, seed: int) -> JsonObject:
        return split_table(uri, SplitRule(by, column, parse_shares(shares), seed), folder)


TOOL = TableSplit()
