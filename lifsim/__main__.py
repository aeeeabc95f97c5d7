"""`python -m lifsim`."""

import sys

from lifsim.cli.main import main

sys.exit(main())
