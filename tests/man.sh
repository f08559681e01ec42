#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The man pages build without warnings, and tell of all that there is and of nothing else.
exec python3 "$(dirname "$0")/man.py" "${BUILD:?is not set: the folder of the build under test}"
