"""`python -m gc_plan` is `gc-plan`."""

from ._console import main

main()
