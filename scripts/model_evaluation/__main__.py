"""`python -m model_evaluation`."""

import sys

from .cli import main

sys.exit(main())
