"""`make demo`: the whole pipeline on this machine, on real parts."""
