"""Source code gathered from modules, with the imports that it needs."""

import ast
import inspect
import re
import symtable
import sys
import textwrap
from types import ModuleType
from typing import Any

from ganstudio import model_file

_OF_NO_USE = {"BATCH_NORM", "OUTPUT_RANGE", "SIDES", "TRAINABLE"}  # outside the studio


class SourceCode:
    """Source code that is gathered from modules, and the imports that it needs."""

    def __init__(self) -> None:
        self._blocks: dict[str, str] = {}  # by what they define
        self.imports: dict[str, str] = {}  # by the name that they bind
        self.future: list[str] = []  # imports that have to come first

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n\n".join(self._blocks.values())

    def function(self, function: Any) -> str:
        """Take a function with all that it calls in its module; return what it is called here."""
        module = inspect.getmodule(function)
        assert module is not None
        tree, text = _parsed(module)
        self.learn_imports(tree)
        defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        wanted = [function.__name__]
        for name in wanted:
            used = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
            wanted += sorted(used & defined.keys() - set(wanted))
        for name in reversed(wanted):
            block = _lines(text, defined[name])
            for private in defined:
                block = re.sub(rf"\b{private}\b", _public(private), block)
            self._blocks[name] = block
        return _public(function.__name__)

    def module(self, module: ModuleType, *, whole: bool) -> None:
        """Take a module of networks; `whole`, as a person wrote it."""
        tree, text = _parsed(module)
        if whole:
            body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
            self.future = [_lines(text, node) for node in body if _is_future(node)]
            left_out = set(range(_first_line(body[0]) - 1 if body else 0))
            for node in body:
                if _is_future(node) or _is_main(node):
                    left_out |= set(range(_first_line(node) - 1, node.end_lineno or 0))
            lines = enumerate(text.split("\n"))
            self._blocks[""] = "\n".join(line for i, line in lines if i not in left_out).strip()
            return
        self.learn_imports(tree)
        about = textwrap.wrap(" ".join((ast.get_docstring(tree) or "").split()), 98)
        top = [f"# {line}" for line in about]
        for node in tree.body:
            if isinstance(node, ast.Assign):
                named = {target.id for target in node.targets if isinstance(target, ast.Name)}
                top += [] if named <= _OF_NO_USE else [_lines(text, node)]
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self._blocks[node.name] = _lines(text, node)
        self._blocks = {"": "\n".join(top), **self._blocks}

    def learn_imports(self, tree: ast.Module) -> None:
        """Take note of what a module imports."""
        for node in tree.body:
            if isinstance(node, ast.Import):
                self.imports |= {a.asname or a.name: _imported("import", a) for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                origin = f"from {node.module} import"
                self.imports |= {a.asname or a.name: _imported(origin, a) for a in node.names}


def _imported(how: str, what: ast.alias) -> str:
    return f"{how} {what.name}" + (f" as {what.asname}" if what.asname else "")


def _parsed(module: ModuleType) -> tuple[ast.Module, str]:
    """Return a module's syntax tree and its text; of a model file, that of what ran."""
    text = model_file.source(module) or inspect.getsource(module)
    return ast.parse(text), text


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_main(node: ast.stmt) -> bool:
    """Tell whether a statement is what a file does only where it is run by itself."""
    if not isinstance(node, ast.If):
        return False
    return any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))


def _lines(text: str, node: ast.stmt) -> str:
    """Return the lines of a statement, with the comments at their ends."""
    return "\n".join(text.split("\n")[_first_line(node) - 1 : node.end_lineno])


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _public(name: str) -> str:
    """Return a name for the script, in which real_loss and its like are numbers."""
    plain = name.lstrip("_")
    return f"{plain}_of" if plain.endswith("_loss") else plain


def imports_for(text: str, known: dict[str, str]) -> str:
    """Return the import statements for the names that a text uses and does not define."""
    statements = sorted({known[name] for name in used_names(text) & known.keys()})
    joined: dict[str, list[str]] = {}
    for statement in statements:
        origin, _, name = statement.rpartition(" import ")  # no origin where it is "import NAME"
        name = name if origin else statement
        joined.setdefault(origin, []).append(name)
    ours = [f"{origin} import {', '.join(names)}" for origin, names in joined.items() if origin]
    ours += joined.get("", [])
    groups = ([s for s in ours if _is_standard(s) is standard] for standard in (True, False))
    return "\n\n".join("\n".join(sorted(group, key=_import_order)) for group in groups)


def used_names(text: str) -> set[str]:
    """Return all names that a text uses or binds, but not those of attributes."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _is_standard(statement: str) -> bool:
    return statement.split()[1].partition(".")[0] in sys.stdlib_module_names


def _import_order(statement: str) -> tuple[bool, str]:
    return statement.startswith("from"), statement


def bound_names(text: str) -> set[str]:
    """Return all names that a file binds, however it does."""
    table = symtable.symtable(text, "<script>", "exec")
    return {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
