"""Lets go of what an exception that was handled still refers to."""

from __future__ import annotations


def drop_frames(error: BaseException) -> None:
    """Clears the tracebacks of an exception, of its causes and of its contexts.

    A traceback holds the frames that the exception passed, and so the request of
    its call; where a frame holds the exception too, as a local variable does, that is
    a cycle, and the request stays until the collector comes. To be called by
    whoever handles an exception for good.
    """
    found: list[BaseException] = [error]
    seen: set[int] = set()
    while found:
        each = found.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = None
        found += [other for other in (each.__cause__, each.__context__) if other is not None]
        if isinstance(each, BaseExceptionGroup):
            found += each.exceptions
