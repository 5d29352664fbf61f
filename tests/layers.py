"""The rules of the layers, read off a module's source: who may import what, and what no module may do."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

RANKS = {
    "sxt": 0,
    "sxt.errors": 1,
    "sxt.progress": 2,
    "sxt.files": 2,
    "sxt.tomogram": 2,
    "sxt.io": 3,
    "sxt.network": 3,
    "sxt.models": 4,
    "sxt.phantom": 4,
    "sxt.surface": 4,
    "sxt.metrics": 5,
    "sxt.segment": 5,
    "sxt.labels": 6,
    "sxt.train": 7,
    "sxt.workspace": 8,
    "sxt.jobs": 9,
    "sxt.ui": 10,
    "sxt.cli": 10,
    "sxt.__main__": 11,
    "pages": 11,
    "app": 11,
}
"""A part imports itself and parts of lower rank only; parts of the same rank do not know each other."""

GPU_NODE_PARTS = ("sxt.network", "sxt.models", "sxt.segment", "sxt.train", "sxt.phantom", "sxt.metrics")
GPU_NODE_PACKAGES = frozenset({"numpy", "scipy", "skimage", "tifffile", "torch", "sxt"})
"""What is installed on a bare GPU node; the parts above import no more at module level."""

COMPILED_MODULES = frozenset({"sxt.metrics.loops"})
"""These import numba; others import them where they are needed: training and segmenting on a GPU node do without."""

DASHBOARD_PARTS = ("sxt.ui", "pages", "app")
DASHBOARD_PACKAGES = frozenset({"streamlit", "stpyvista"})
UNPICKLERS = frozenset({"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"})
TERMINAL_PACKAGES = frozenset({"tqdm"})


@dataclass(frozen=True)
class Import:
    """One imported module, in full; ``is_lazy`` inside a function or for the type checker alone."""

    module: str
    line: int
    is_lazy: bool


def list_sources() -> list[Path]:
    """Every Python file of the program."""
    folders = (REPOSITORY / "sxt", REPOSITORY / "pages")
    return [REPOSITORY / "app.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]


def module_name(path: Path) -> str:
    """``sxt/io/tiff.py`` -> ``sxt.io.tiff``; a package's ``__init__.py`` is the package."""
    parts = path.resolve().relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str | None:
    """The part of `RANKS` that a module belongs to; None for one outside the program."""
    top, *rest = module.split(".")
    if top == "sxt" and rest:
        return f"sxt.{rest[0]}"
    return top if top in RANKS else None


def list_imports(source: str, *, module: str, is_package: bool) -> list[Import]:
    """Every import of a module, relative ones resolved."""
    return list(
        _walk_imports(ast.parse(source), package=_package(module, is_package=is_package), is_lazy=False)
    )


def find_violations(source: str, *, module: str, is_package: bool = False) -> list[str]:
    """One sentence for each rule that a module breaks."""
    imports = list_imports(source, module=module, is_package=is_package)
    own = part_of(module)
    if own not in RANKS:
        return [f"{module} belongs to no layer; give its part a rank in tests/layers.py"]
    found = [_judge_import(each, module=module, own=own) for each in imports]
    found += [_judge_call(node, own=own) for node in ast.walk(ast.parse(source))]
    return [f"{module}: {sentence}" for sentence in found if sentence]


def _judge_import(each: Import, *, module: str, own: str) -> str | None:
    top = each.module.split(".")[0]
    part = part_of(each.module)
    if part is not None and part not in RANKS:
        return f"line {each.line} imports {each.module}, which belongs to no layer"
    if part is not None and part != own and RANKS[part] >= RANKS[own] and module != "sxt":
        return f"line {each.line} imports {each.module}, which is not below {own}"
    if module == "sxt" and not each.is_lazy and top not in sys.stdlib_module_names:
        return f"line {each.line} imports {each.module} for everyone who imports any part of sxt"
    if top in DASHBOARD_PACKAGES and own not in DASHBOARD_PARTS:
        return f"line {each.line} imports {top} outside the dashboard"
    if top == "torch" and own in ("pages", "app"):
        return f"line {each.line} imports torch in a page"
    if top in UNPICKLERS:
        return f"line {each.line} imports {top}, which unpickles"
    if top in TERMINAL_PACKAGES and own != "sxt.cli":
        return f"line {each.line} imports {top} outside the command line"
    known = top in GPU_NODE_PACKAGES or top in sys.stdlib_module_names
    may_compile = module in COMPILED_MODULES and top == "numba"
    if own in GPU_NODE_PARTS and not each.is_lazy and not known and not may_compile:
        return f"line {each.line} imports {top} at module level, which a GPU node need not have"
    return None


def _judge_call(node: ast.AST, *, own: str) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id="print")):
            return f"line {node.lineno} prints"
        case ast.Attribute(value=ast.Name(id="torch"), attr="load" | "save"):
            return f"line {node.lineno} uses torch.{node.attr}, which pickles"
        case ast.keyword(arg="allow_pickle", value=value) if not _is_false(value):
            return f"line {node.value.lineno} allows pickle"
        case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "putenv"):
            return None if _may_read_environment(own) else f"line {node.lineno} reads the environment"
        case ast.ImportFrom(module="os", names=names) if {"environ", "environb", "getenv"} & {
            n.name for n in names
        }:
            return None if _may_read_environment(own) else f"line {node.lineno} reads the environment"
        case ast.ImportFrom(module="torch", names=names) if {"load", "save"} & {n.name for n in names}:
            return f"line {node.lineno} imports torch.load or torch.save, which pickle"
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return f"line {node.lineno} imports *"
    return None


def _may_read_environment(own: str) -> bool:
    return own in ("sxt.cli", "sxt.ui", "app")


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def _package(module: str, *, is_package: bool) -> list[str]:
    parts = module.split(".")
    return parts if is_package else parts[:-1]


def _walk_imports(node: ast.AST, *, package: list[str], is_lazy: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, is_lazy) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        origin = ".".join([*base, *([node.module] if node.module else [])])
        if origin in ("sxt", "sxt.ui"):  # what follows may be a part: from sxt import io
            yield from (Import(_full_name(origin, alias.name), node.lineno, is_lazy) for alias in node.names)
        else:
            yield Import(origin, node.lineno, is_lazy)
    inner = is_lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for field, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        only_typing = isinstance(node, ast.If) and field == "body" and _is_type_checking(node.test)
        for child in children:
            if isinstance(child, ast.AST):
                yield from _walk_imports(child, package=package, is_lazy=inner or only_typing)


def _full_name(origin: str, name: str) -> str:
    module = f"{origin}.{name}"
    return module if part_of(module) in RANKS else origin


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"
