"""From bytes to rows: file types, lines, JSON values, the five formats."""
