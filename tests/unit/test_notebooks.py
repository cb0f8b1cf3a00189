"""Every lesson keeps the rules that make its grades trustworthy."""

import ast
import json
import re
from typing import Any

import pytest

from environment import paths, versions, workspace
from environment.errors import EnvironmentProblem
from environment.grading import proofs
from environment.grading.executor import role
from environment.notebooks import normalise
from helpers import exercises

LESSONS = proofs.lessons()
_NUMBER = re.compile(r"Exercise (\d+) · ")


def _read(lesson: str) -> dict[str, Any]:
    return dict(json.loads(proofs.notebook(lesson).read_text()))


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.mark.parametrize("lesson", LESSONS)
def test_normal_form(lesson: str) -> None:
    text = proofs.notebook(lesson).read_text()
    assert normalise(text) == text
    assert normalise(normalise(text)) == normalise(text)


def test_the_normal_form_removes_outputs_and_refuses_repeated_ids() -> None:
    notebook = _read(LESSONS[0])
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": ["x"]}], "execution_count": 3}
    assert normalise(json.dumps(notebook)) == proofs.notebook(LESSONS[0]).read_text()
    notebook["cells"].append(code)
    with pytest.raises(EnvironmentProblem, match="two cells"):
        normalise(json.dumps(notebook))


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_opening_cell_comes_first_and_opens_this_lesson(lesson: str) -> None:
    first = next(cell for cell in _read(lesson)["cells"] if cell["cell_type"] == "code")
    assert role(first) == "open"
    assert first["metadata"]["nbgrader"]["locked"]
    assert f'lessons.open("{lesson}")' in _source(first)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_grade_cell_is_one_verify_whose_points_sum_to_the_cells_and_leans_on_the_opening_cell_only(
    lesson: str,
) -> None:
    cells = _read(lesson)["cells"]
    opening = ast.parse(_source(next(cell for cell in cells if role(cell) == "open")))
    known = {
        alias.asname or alias.name
        for node in ast.walk(opening)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    known |= {node.id for node in ast.walk(opening) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for cell in cells:
        if role(cell) != "grade":
            continue
        tree = ast.parse(_source(cell))
        assert len(tree.body) == 1, cell["id"]
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        builtins = {"abs", "all", "bool", "dict", "float", "int", "len", "list", "range", "set", "sorted", "str"}
        assert names - known - own - bound - builtins == set(), cell["id"]
        assert "hint=" in _source(cell), cell["id"]
        assert "why=" in _source(cell), cell["id"]
        assert "further=" in _source(cell), cell["id"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_exercises_are_numbered_in_their_order(lesson: str) -> None:
    """A learner may name an exercise by its number."""
    numbers = [int(found[1]) for one in exercises.of(lesson).values() if (found := _NUMBER.search(one.text))]
    assert numbers == list(range(1, len(exercises.of(lesson)) + 1))


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_exercise_shows_how_its_answers_are_given(lesson: str) -> None:
    for exercise in exercises.of(lesson).values():
        for key in re.findall(r'lesson\.answer\(\s*"([a-z0-9-]+)"', "".join(exercise.solutions.values())):
            assert 'lesson.answer("' in exercise.text, (exercise.name, key)
            assert key in exercise.text, (exercise.name, key)


#: What nothing at all would fulfil as well.
_ABSENCE = {
    "cannot_reach",
    "denies",
    "drops_all_capabilities",
    "has_no_capabilities",
    "has_no_known_vulnerability",
    "has_no_login",
    "lacks_env",
    "left",
    "lost_all_tags",
    "never_holds",
    "never_restarted",
    "refuses_writes",
}


def _vacuous(check: str) -> list[str]:
    """What in a grade cell could be true of nothing: only absences, or `all` over what may be empty."""
    (call,) = [node.value for node in ast.parse(check).body if isinstance(node, ast.Expr)]
    assert isinstance(call, ast.Call)
    methods = [one.func.attr for one in call.args if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)]
    alone = [f"only absences: {methods}"] if len(methods) == len(call.args) and set(methods) <= _ABSENCE else []
    unguarded = []
    for given in (node for node in ast.walk(call) if isinstance(node, ast.Lambda)):
        names = {
            node.func.id for node in ast.walk(given) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if "all" in names and not names & {"len", "bool", "any"}:
            unguarded.append(f"`all` over what may be empty: {ast.unparse(given)}")
    return alone + unguarded


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_check_is_true_of_nothing(lesson: str) -> None:
    found = {cell["id"]: _vacuous(_source(cell)) for cell in _read(lesson)["cells"] if role(cell) == "grade"}
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_a_check_that_is_true_of_nothing_is_found() -> None:
    assert _vacuous('verify(image("a").never_holds("x"), container("b").lacks_env("Y"))')
    assert not _vacuous('verify(image("a").never_holds("x"), container("b").is_running())')
    assert _vacuous('verify(answer("a", lambda given: all(one > 1 for one in given), "all large"))')
    assert not _vacuous(
        'verify(answer("a", lambda given: len(given) == 3 and all(one > 1 for one in given), "all large"))'
    )


@pytest.mark.parametrize("lesson", LESSONS)
def test_at_least_six_exercises_with_hints(lesson: str) -> None:
    cells = _read(lesson)["cells"]
    assert sum(role(cell) == "grade" for cell in cells) >= 6
    tasks = [_source(cell) for cell in cells if cell["id"].startswith("ex-")]
    assert len(tasks) == sum(role(cell) == "grade" for cell in cells)
    assert all("*Checked:*" in task and "<details>" in task for task in tasks)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_released_copy_holds_no_solution_and_no_proof(lesson: str) -> None:
    released = workspace._clear(proofs.notebook(lesson))
    assert "BEGIN SOLUTION" not in released
    copies = {cell["id"]: _source(cell) for cell in json.loads(released)["cells"]}
    for cell in _read(lesson)["cells"]:
        if role(cell) == "solution":
            inner = _source(cell).split("### BEGIN SOLUTION\n")[1].split("### END SOLUTION")[0].strip()
            assert inner not in released
            assert "# YOUR CODE HERE" in copies[cell["id"]]
            assert "NotImplementedError" not in copies[cell["id"]]


@pytest.mark.parametrize("lesson", LESSONS)
def test_metadata_is_complete_and_its_images_are_in_the_catalog(lesson: str) -> None:
    course = _read(lesson)["metadata"]["course"]
    assert course["needs"] in {"host", "engine", "cluster"}
    assert {"title", "minutes", "memory_mb", "images", "ports", "names", "files"} <= set(course)
    assert set(course["images"]) <= set(versions.table()["images"])
    assert all((paths.SOURCES / lesson / name).exists() for name in course["files"])


@pytest.mark.parametrize("lesson", LESSONS)
def test_everything_a_cell_names_is_in_the_ledger(lesson: str) -> None:
    """A name that is not in the metadata would not be cleaned, and might be somebody else's."""
    notebook = _read(lesson)
    text = "\n".join(_source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
    named = set(re.findall(r"docker (?:run|create)\b[^\n]*--name[ =]([\w-]+)", text))
    assert named <= set(notebook["metadata"]["course"]["names"].get("containers", []))


@pytest.mark.parametrize("lesson", LESSONS)
def test_proofs_are_complete(lesson: str) -> None:
    assert proofs._complete(lesson) == []


def test_no_two_lessons_use_the_same_name() -> None:
    seen: dict[tuple[str, str], str] = {}
    for lesson in proofs.lessons():
        course = _read(lesson)["metadata"]["course"]
        for kind, names in course.get("names", {}).items():
            if kind == "files":
                continue  # on the nodes of the cluster
            flat = [f"{one}/{name}" for one in names for name in names[one]] if kind == "cluster" else names
            for name in flat:
                assert (kind, name) not in seen, f"{lesson} and {seen[kind, name]} both make {kind} {name}"
                seen[kind, name] = lesson
