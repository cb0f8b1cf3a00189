"""Whether, and in which notebook kernel, this code runs."""

import sys
from typing import Any


def shell() -> Any:
    """IPython's shell when a notebook's kernel runs this code, else None. IPython is not loaded for asking."""
    if "IPython" not in sys.modules:
        return None
    found = sys.modules["IPython"].get_ipython()
    return found if found is not None and found.has_trait("kernel") else None
