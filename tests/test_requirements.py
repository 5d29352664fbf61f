import sys
import tomllib

from tests.layers import REPOSITORY, list_imports, list_sources, module_name
from tests.requirements import list_what_packages_bring, packages_of, read_pins


def third_party_modules():
    found = set()
    for path in list_sources():
        imports = list_imports(
            path.read_text(), module=module_name(path), is_package=path.name == "__init__.py"
        )
        found |= {each.module.split(".")[0] for each in imports}
    return found - set(sys.stdlib_module_names) - {"sxt", "pages", "app"}


def test_every_import_of_the_program_is_pinned():
    pinned = set(read_pins("requirements.txt"))
    unpinned = {module for module in third_party_modules() if not pinned & set(packages_of(module))}
    assert unpinned == set()


def test_the_constraints_hold_every_pin_at_the_same_version():
    constraints = read_pins("constraints.txt")
    for name in ("requirements.txt", "requirements-dev.txt"):
        pins = read_pins(name)
        assert pins
        assert pins == {package: constraints.get(package) for package in pins}


def test_the_constraints_hold_what_the_pins_bring_along():
    brought = list_what_packages_bring(read_pins("requirements.txt") | read_pins("requirements-dev.txt"))
    assert {"jinja2", "starlette", "iniconfig"} <= brought
    assert brought - set(read_pins("constraints.txt")) == set()


def test_constraints_name_neither_hosts_nor_builds():
    for package, version in read_pins("constraints.txt").items():
        assert version[0].isdigit(), package
        assert not set(version) & set("+@/: "), package


def test_the_package_takes_its_dependencies_from_the_requirements():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"] == ["requirements.txt"]
    assert read_pins("requirements.txt")["torch"] == "2.13.0"
