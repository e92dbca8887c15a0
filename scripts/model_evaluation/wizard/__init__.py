"""The same workflow for a person in a terminal. Every answer goes through :mod:`model_evaluation.conversation.answers`;
here is only what a person needs besides: showing, asking, going back, help."""

from __future__ import annotations

from .session import Screen, Wizard

__all__ = ["Screen", "Wizard"]
