"""Run the command line: ``python -m b2bua``."""

import sys

from b2bua.cli.main import main

sys.exit(main())
