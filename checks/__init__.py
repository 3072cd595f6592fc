"""How anything is judged: exploration, proof, vectors, real stacks, and the command line.

What users import from here.  `from halfclose.checks import Answers` loads only what the name needs.

What the functions of `halfclose` return
    Answers, Answer             of explore: one attribute a question (lost_a, unread_b, reset_a, wrong, ends ...)
    Trace, Lasso                how something happens, or goes on for ever: diagram() draws it, to_json() writes it
    Report, Evidence            of verify: verdict(claim), evidence(claim), to_json()
    Proof                       of prove: goals, faults, vacuous, queries
    VectorSet, Vector           of vectors; `write_vectors` and `load_vectors` keep them in a folder
    ConformReport, Row, Verdict of conform: rows, count(verdict), to_json()

For drivers of stacks, and for judging anything else
    Stack, Verb, Result         what a driver implements, and what a call of the user returns
    NotApplicable, StackError   what a driver raises
    Oracle, Deviates            the specification as the judge of one endpoint, and what it raises

Errors, each with one line that says what to do
    UnknownClaim, UnknownStack, BadVectors, NoSolver, NoEngine
"""


def __getattr__(name: str) -> object:
    """A public name, or `__all__`.  Only then is lazy_loader imported: the command line passes by here on its way to
    where it can be interrupted without a traceback."""
    import lazy_loader

    public, _, names = lazy_loader.attach_stub(__name__, __file__)
    return names if name == "__all__" else public(name)
