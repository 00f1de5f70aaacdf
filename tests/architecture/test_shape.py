"""The shape of the house: sizes, signals, saves, actors, and a web process without torch."""

import ast
import functools
import inspect
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    "config",
    "core",
    "accounts",
    "frameworks",
    "evidence",
    "inventory",
    "questionnaires",
    "assessments",
    "gpu_tasks",
    "decisions",
    "webhooks",
    "reports",
    "api",
    "web",
    "cli",
]
PATHS = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SERVICES = [path for path in PATHS if path.name == "services.py" or path.parent.name == "services"]
MODULE_LIMIT, FUNCTION_LIMIT, P90_LIMIT, TEMPLATE_LIMIT = 400, 40, 25, 120


@dataclass(frozen=True)
class Function:
    """How long a function is; ``promised`` when a protocol only says that there is one."""

    name: str
    lines: int
    promised: bool


@dataclass(frozen=True)
class Module:
    """What the tests ask of one file, read once for all of them."""

    name: str
    lines: int
    documented: bool
    functions: tuple[Function, ...]
    listens: bool
    blanket: tuple[int, ...]
    outside: bool

    def __str__(self) -> str:
        return self.name


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every module of the house."""
    return tuple(module_of(str(path.relative_to(ROOT)), path.read_text()) for path in PATHS)


def module_of(name: str, source: str) -> Module:
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    return Module(
        name=name,
        lines=source.count("\n"),
        documented=not source.strip() or bool(ast.get_docstring(tree)),
        functions=tuple(functions(nodes)),
        listens="@receiver" in source or "signals import" in source,
        blanket=tuple(node.lineno for node in nodes if isinstance(node, ast.ExceptHandler) and is_blanket(node)),
        outside="/shared/" in source or "../shared" in source,
    )


def functions(nodes: list[ast.AST]) -> Iterator[Function]:
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    protocols = [node for node in classes if any(getattr(base, "id", "") == "Protocol" for base in node.bases)]
    promised = {id(part) for node in protocols for part in node.body}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(node.name, (node.end_lineno or node.lineno) - node.lineno + 1, id(node) in promised)


def is_blanket(node: ast.ExceptHandler) -> bool:
    return node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}


def test_the_whole_house_is_looked_at() -> None:
    assert len(modules()) > 800
    assert {row.name.split("/")[0] for row in modules()} == set(PACKAGES)
    assert len(SERVICES) > 50
    assert len(TEMPLATES) > 300


def test_every_module_stays_small_and_says_what_it_is() -> None:
    assert [f"{row}: {row.lines} lines" for row in modules() if row.lines > MODULE_LIMIT] == []
    assert [row.name for row in modules() if not row.documented] == [], "a module begins with a one-line docstring"


def test_functions_stay_short() -> None:
    assert [f"{row}: {part.name} has {part.lines} lines" for row in modules() for part in row.functions if part.lines > FUNCTION_LIMIT] == []


def test_nine_functions_of_ten_are_within_25_lines() -> None:
    sizes = sorted(part.lines for row in modules() for part in row.functions)
    assert sizes[int(len(sizes) * 0.9)] <= P90_LIMIT


def test_every_template_stays_small() -> None:
    sizes = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in TEMPLATES}
    assert {name: lines for name, lines in sizes.items() if lines > TEMPLATE_LIMIT} == {}


def test_no_receivers_and_no_save_overrides() -> None:
    assert [row.name for row in modules() if row.listens] == []
    # allauth's forms are extended by overriding their save, which is no save of a row.
    # A protocol that says a row can be saved overrides nothing.
    looked_at = [row for row in modules() if row.name.split("/")[-1] != "forms.py"]
    assert [row.name for row in looked_at if any(part.name == "save" and not part.promised for part in row.functions)] == []


def test_blanket_except_lives_only_in_the_task_shell() -> None:
    assert {row.name: row.blanket for row in modules() if row.blanket and row.name.split("/")[-1] != "tasks.py"} == {}


def test_every_public_service_takes_an_actor_by_keyword() -> None:
    faults = []
    for path in SERVICES:
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and is_write(node):
                parameters = inspect.signature(getattr(module, node.name)).parameters
                if "actor" not in parameters:
                    faults.append(f"{module.__name__}: {node.name} writes without an actor")
                if any(parameter.kind is not inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values()):
                    faults.append(f"{module.__name__}: {node.name} takes positional arguments")
    assert faults == []


def is_write(node: ast.FunctionDef) -> bool:
    """A public function that saves, creates, updates, deletes or records."""
    calls = {call.func.attr for call in ast.walk(node) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)}
    return not node.name.startswith("_") and bool(calls & {"save", "create", "bulk_create", "update", "delete", "get_or_create", "append"} & model_writes(node))


def model_writes(node: ast.FunctionDef) -> set[str]:
    """Method names called on managers, rows or the ledger (not on plain lists and dicts)."""
    found = set()
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            text = ast.unparse(call.func)
            if ".objects." in text or text.startswith("ledger.") or call.func.attr == "save":
                found.add(call.func.attr)
    return found


def test_web_process_never_loads_torch_or_the_chart_engine() -> None:
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE']='config.settings'; import config.wsgi, config.urls, config.celery, web.urls, gpu_tasks.tasks;"
        "import importlib; importlib.import_module('assessments.registry');"
        "print([name for name in ('torch', 'transformers', 'transformer_lens', 'vl_convert', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_reads_outside_the_project() -> None:
    assert [row.name for row in modules() if row.outside] == []
