"""Many rows: the same results in columns, read and put together by DuckDB."""
