"""What an evaluation will take: judge calls, tokens, money, time. Ranges, never promises."""
