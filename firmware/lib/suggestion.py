# SPDX-License-Identifier: MIT
"""Guesses what a person meant who wrote an unknown word."""


def suggest(name, known):
    """Return the end of a sentence that says what may have been meant by the text `name`.

    known: the right texts. Names the nearest of them if one is near, else all.
    """
    known = sorted(known)
    best = min([(_distance(name.lower(), k.lower()), k) for k in known] or [(99, "")])
    if best[0] <= (1 + len(name)) // 3:
        return '; did you mean "%s"?' % best[1]
    return "; known are " + ", ".join(known) if known else ""


def _distance(a, b):
    """Return how many letters must be added, removed or changed to make `b` of `a`."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a):
        corner = i
        row[0] = i + 1
        for j, other in enumerate(b):
            changed = corner + (letter != other)
            corner = row[j + 1]
            row[j + 1] = min(corner + 1, row[j] + 1, changed)
    return row[-1]
