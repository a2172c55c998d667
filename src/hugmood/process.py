"""A process of ours beside the gateway: `python -m hugmood.process MODULE ARGUMENT...`.

It draws nothing, so it does without rich, which structlog loads for tracebacks wherever it
is installed: a quarter of the time that such a process takes to start.
"""

import runpy
import sys


def main() -> None:
    """Run the module with the arguments that follow its name."""
    sys.modules["rich"] = None  # type: ignore[assignment]  # whoever imports it hears it is missing
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
