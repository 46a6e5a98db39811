#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs cases_verify.py with the command that ZARRC names.
set -eu
PYTHONDONTWRITEBYTECODE=1 exec python3 "$(dirname "$0")/run_cli_tests.py" "$ZARRC" cases_verify
