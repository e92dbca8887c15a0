"""Puts the skill into an assistant's skills folder and takes it out again. Copies, never links."""
