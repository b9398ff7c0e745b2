"""Files whose code or settings a tool takes without being told: ``make`` runs ``Makefile``, ``pytest`` ``conftest.py``.

Who writes such a file and then runs its tool has handed the tool code, as ``curl -o x ...; sh x`` does.
"""

from collections.abc import Mapping

_SCRIPTS = "package.json .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs bunfig.toml *.config.{js,ts,mjs,cjs,mts,cts,json} .babelrc* .swcrc"
_LINT = f"{_SCRIPTS} .*rc .*rc.* tsconfig.json pyproject.toml setup.cfg tox.ini .editorconfig"
_PYTHON = "pyproject.toml setup.py setup.cfg tox.ini requirements*.txt sitecustomize.py usercustomize.py"
_TESTS = f"{_PYTHON} conftest.py pytest.ini .coveragerc noxfile.py test_*.py *_test.py"
_COMPOSE = "compose.y{,a}ml docker-compose*.y{,a}ml Dockerfile* .env"
_TABLE: Mapping[str, str] = {
    "make gmake": "Makefile makefile GNUmakefile *.mk",
    "npm npx pnpm pnpx yarn bun bunx lerna nx turbo": _SCRIPTS,
    "eslint prettier stylelint biome tsc vite vitest jest mocha ava webpack rollup esbuild playwright cypress next nuxt astro": _LINT,
    "tailwindcss postcss babel storybook tsup parcel nodemon husky lint-staged commitlint": _LINT,
    "pytest py.test tox nox coverage unittest": _TESTS,
    "pip pip3 uv poetry pdm hatch pipenv build twine": _PYTHON,
    "mypy pylint flake8 ruff black isort pyright bandit": f"{_PYTHON} mypy.ini .pylintrc .flake8 ruff.toml",
    "pre-commit": ".pre-commit-config.yaml .pre-commit-hooks.yaml",
    "cargo": "Cargo.toml .cargo/config{,.toml} rust-toolchain* *.rs",
    "go": "go.mod go.work *.go",
    "gradle gradlew": "*.gradle{,.kts} gradle.properties gradle-wrapper.*",
    "mvn mvnw mvnd": "pom.xml .mvn/** *.java",
    "sbt": "*.sbt project/**", "ant": "build.xml", "mix": "mix.exs", "stack cabal": "stack.yaml *.cabal Setup.hs",
    "cmake ctest cpack": "CMakeLists.txt *.cmake CMakePresets.json CMakeUserPresets.json",
    "ninja": "build.ninja", "meson": "meson.build", "just": "{,.}[jJ]ustfile", "task": "{T,t}askfile.y{,a}ml",
    "rake": "[rR]akefile{,.rb} *.rake", "bundle bundler rails rspec rubocop": "Gemfile* *.gemspec .rspec .rubocop.yml .bundle/config *_spec.rb",
    "composer phpunit phpstan": "composer.json phpunit.xml* phpstan.neon*",
    "dotnet": "*.{cs,fs,vb}proj *.sln *.props *.targets [nN]u[gG]et.[cC]onfig global.json",
    "bazel bazelisk": "WORKSPACE* MODULE.bazel BUILD{,.bazel} *.bzl .bazelrc",
    "docker podman": f"Containerfile {_COMPOSE}", "docker-compose podman-compose": _COMPOSE,
    "terraform tofu": "*.tf *.tf.json *.tfvars .terraformrc", "pulumi": "Pulumi*.yaml", "helm": "Chart.yaml templates/**",
    "ansible-playbook": "ansible.cfg *.y{,a}ml", "vagrant": "Vagrantfile", "direnv": ".envrc", "mise": ".mise.toml mise.toml",
    "git": ".git/config .git/hooks/* .gitmodules .gitattributes", "deno": "deno.json{,c} import_map.json",
}  # fmt: skip
_INPUTS = {name: tuple(files.split()) for names, files in _TABLE.items() for name in names.split()}


def inputs(name: str) -> tuple[str, ...]:
    """Globs, relative to some directory of the project, of the files that the program ``name`` takes by itself."""
    return _INPUTS.get(name, ())


SOURCES = frozenset(
    (
        "test_*.py",
        "*_test.py",
        "*_spec.rb",
        "*.rs",
        "*.go",
        "*.java",
        "*.tf",
        "*.tf.json",
        "*.tfvars",
        "Dockerfile*",
        "Containerfile",
    )
)
"""Those that say what is built and tested, not what the tool itself does: writing one and trying it is everyday work."""
