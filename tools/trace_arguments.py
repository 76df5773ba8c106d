"""The arguments of a call that torch.fx recorded, by the names that PyTorch gives them."""


def given(trace, node, *names):
    """The arguments by name, positional ones in that order. What has another name is refused."""
    other = [key for key in node.kwargs if key not in names] + list(node.args[len(names):])
    if other:
        trace.untranslated(node, f"a call of {getattr(node.target, '__name__', node.target)} with the argument {other[0]}")
    return dict(zip(names, node.args)) | dict(node.kwargs)


def unchanged(trace, node):
    return trace.values[trace.input(node)]


def with_arguments(handler, **names):
    """The handler called with those arguments of the node after the input: {PyTorch's name: the handler's, or an empty text to leave it out}."""

    def wrapped(trace, node):
        arguments = given(trace, node, "input", *names, "inplace")
        return handler(trace, node, **{own: arguments[theirs] for theirs, own in names.items() if own and theirs in arguments})

    return wrapped


def every(targets, handler):
    return {target: handler for target in targets}


def listed(targets, handler):
    """handler(key) for every one of the targets that stand at the key."""
    return {target: handler(key) for key, found in targets.items() for target in found}
