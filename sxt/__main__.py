import sys

from sxt.cli import main

sys.exit(main())
