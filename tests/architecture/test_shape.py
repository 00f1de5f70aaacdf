"""The shape of the house: sizes, signals, saves, actors, and a web process without torch."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["config", "core", "accounts", "frameworks", "evidence", "inventory", "assessments", "gpu_tasks", "decisions", "reports", "api", "web", "cli"]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)
SERVICES = sorted(path for path in MODULES if path.name == "services.py" or path.parent.name == "services")
MODULE_LIMIT, FUNCTION_LIMIT, P90_LIMIT, TEMPLATE_LIMIT = 400, 40, 25, 120


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_stays_small_and_says_what_it_is(path: Path) -> None:
    assert path.read_text().count("\n") <= MODULE_LIMIT
    if path.read_text().strip():
        assert ast.get_docstring(tree_of(path)), "a module begins with a one-line docstring"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_stay_short(path: Path) -> None:
    assert [f"{node.name}: {length(node)} lines" for node in functions(path) if length(node) > FUNCTION_LIMIT] == []


def test_nine_functions_of_ten_are_within_25_lines() -> None:
    sizes = sorted(length(node) for path in MODULES for node in functions(path))
    assert sizes[int(len(sizes) * 0.9)] <= P90_LIMIT


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=name_of)
def test_template_stays_small(path: Path) -> None:
    assert path.read_text().count("\n") <= TEMPLATE_LIMIT


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_receivers_and_no_save_overrides(path: Path) -> None:
    source = path.read_text()
    assert "@receiver" not in source
    assert "signals import" not in source
    # allauth's forms are extended by overriding their save, which is no save of a row.
    assert path.name == "forms.py" or [node.name for node in functions(path) if node.name == "save"] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_blanket_except_lives_only_in_the_task_shell(path: Path) -> None:
    caught = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ExceptHandler)]
    blanket = [node.lineno for node in caught if node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}]
    assert blanket == [] or path.name == "tasks.py"


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_every_public_service_takes_an_actor_by_keyword(path: Path) -> None:
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    writes = [node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef) and is_write(node)]
    for name in writes:
        parameters = inspect.signature(getattr(module, name)).parameters
        assert "actor" in parameters, f"{name} writes without an actor"
        assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values()), f"{name} takes positional arguments"


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
    offenders = [name_of(path) for path in MODULES if "/shared/" in path.read_text() or "../shared" in path.read_text()]
    assert offenders == []
