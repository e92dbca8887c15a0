"""The demo of LLM as judge: its script, 60 support tickets with reference answers, and a custom metric."""
