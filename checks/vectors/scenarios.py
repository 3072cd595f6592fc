from halfclose.checks.vectors.format import Vector
def scenarios(profile): return ()
def wrapping(profile): return ()
