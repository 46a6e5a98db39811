#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run_cli_tests.py ZARRC [NAME...]: tests of the command, with nothing but Python's own library.

Each file cases_*.py holds tests of one part. NAME (part of a test's name) runs only such tests.
"""
import pathlib
import sys
import unittest

import support


def chosen(suite, names):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test, names)
        elif not names or any(name in test.id() for name in names):
            yield test


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    support.COMMAND = str(pathlib.Path(sys.argv[1]).resolve())
    found = unittest.defaultTestLoader.discover(str(support.HERE), "cases_*.py", str(support.HERE))
    suite = unittest.TestSuite(chosen(found, sys.argv[2:]))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len({test.id().split(" ")[0] for test, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    print(f"cli: {result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or not result.testsRun else 0)


if __name__ == "__main__":
    main()
