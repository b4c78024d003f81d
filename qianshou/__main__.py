"""`python -m qianshou`: the command line without an installed script."""

from qianshou.cli import main

raise SystemExit(main())
