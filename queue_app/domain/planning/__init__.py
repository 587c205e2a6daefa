"""The planning corner: how much work a day holds, when to offer places, and what would happen if.

Pure functions and one simulator; no clock, no database. The only part of the domain that may use numpy.
"""
