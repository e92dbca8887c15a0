"""What this kind's notebooks carry beside the shared library."""
