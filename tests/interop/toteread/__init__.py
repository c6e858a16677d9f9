# SPDX-License-Identifier: ISC
"""The parts of reader.py; nothing here comes from the library."""
