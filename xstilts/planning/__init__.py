"""What a config will cost before anything runs, and what it has cost after.

`sizes` knows how much data there is, `work` what every job of a grid does with it, `rates` how fast
a device does it, `plan` adds it up, `budget` says which cells come first, `actual` what it took.
"""
