#!/bin/sh
# Set up .venv with the pinned packages and check for the system's libraries. The second call does nothing but check.
# Usage: bootstrap.sh run|dev    (PYTHON=/path/to/python3.11 to choose the interpreter)
set -eu
cd "$(dirname "$0")/.."

readonly VENV=.venv
kind=${1:?say which: run or dev}
case $kind in
    run) requirements='requirements.txt' ;;
    dev) requirements='requirements-dev.txt' ;;
    *) echo "bootstrap.sh: '$kind' is unknown; use run or dev." >&2; exit 2 ;;
esac

say() { echo "sxt: $*" >&2; }
fail() { say "$*"; exit 1; }

# The command that installs Debian packages, as this user would have to type it.
install_command() { echo "sudo apt-get update && sudo apt-get install --no-install-recommends $*"; }

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# Run a command without its output, unless it fails.
quietly() {
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        tail -n 30 "$log" >&2
        rm -f "$log"
        return 1
    fi
}

install_packages() {
    say "installing $* with apt-get"
    quietly apt-get update
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# need CHECK PACKAGE...: make sure CHECK succeeds, by installing the packages or naming the command that does.
need() {
    check=$1
    shift
    $check && return
    if can_install && install_packages "$@" && $check; then return; fi
    fail "the system packages $* are missing; run: $(install_command "$@")"
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
            python=$(command -v "$candidate")
            return
        fi
    done
    return 1
}

has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }

has_libraries() {
    "$VENV/bin/python" -c 'import ctypes; ctypes.CDLL("libEGL.so.1"); ctypes.CDLL("libGL.so.1")' 2>/dev/null
}

has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

make_venv() {
    if [ -x "$VENV/bin/python" ] && is_new_enough "$VENV/bin/python"; then return; fi
    find_python || { can_install && install_packages python3 python3-venv && find_python; } \
        || fail "Python 3.11 or newer is missing; name one as PYTHON=/path/to/python3.11, or run: $(install_command python3 python3-venv)"
    need has_venv python3-venv
    say "making $VENV with $python"
    "$python" -m venv --clear "$VENV"
}

pip_install() { quietly "$VENV/bin/python" -m pip --disable-pip-version-check --no-input install "$@"; }

# What was installed last is noted in a stamp; the packages for tests include those to run.
install_requirements() {
    stamp=$VENV/.sxt-stamp
    pins=$(cat requirements.txt requirements-dev.txt constraints.txt pyproject.toml | cksum)
    if [ -f "$stamp" ]; then
        case $(cat "$stamp") in "$kind $pins" | "dev $pins") return ;; esac
    fi
    say "installing $requirements into $VENV; the first time takes some minutes"
    rm -f "$stamp"
    pip_install --requirement "$requirements" --constraint constraints.txt
    pip_install --no-deps --no-build-isolation --editable .
    echo "$kind $pins" >"$stamp"
}

# Chromium drives the tests of pages in a browser; without it they skip, and the rest runs.
offer_chromium() {
    if has_chromium; then return; fi
    if can_install && grep -q '^ID=debian' /etc/os-release && install_packages chromium; then return; fi
    say "no Chromium: tests in a browser will be skipped; to run them: $(install_command chromium)"
}

make_venv
need has_libraries libegl1 libgl1
install_requirements
if [ "$kind" = dev ]; then offer_chromium; fi
