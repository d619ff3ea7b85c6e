"""What stands under the fields of a class, in its source: where pydantic is not to read it as it makes the class, which
takes its time at each start, or where the class is none of pydantic's.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping


def under_fields(kind: type) -> Mapping[str, str]:
    """By field, in one line; of those of ``kind`` itself, not of what it comes from."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, under in zip(tree.body, tree.body[1:], strict=False):
        match field, under:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found
