# SPDX-License-Identifier: ISC
"""The parts of totecheck.py; nothing here comes from the library."""
