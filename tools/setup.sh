#!/bin/sh
# SPDX-License-Identifier: MIT
# Sets up what the Makefile needs; does nothing, quickly, where that has been done.
#
#   tools/setup.sh runtime     .venv with what `make sim` needs
#   tools/setup.sh boards      .venv with what commands for real boards need too
#   tools/setup.sh test        .venv with what the tests need too
#   tools/setup.sh mosquitto   the broker, from the distribution's packages
#   tools/setup.sh chromium    the browser of the page's tests, likewise
#
# $PYTHON chooses the Python, otherwise the first of python3, python3.14 ... that is new enough.
# $SBIN: where mosquitto may be besides $PATH.
set -eu
cd "$(dirname "$0")/.."

die() {
    echo "setup: $*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

choose_python() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if is_new_enough "$python"; then
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1) || found="no ${PYTHON:-python3}"
    die "Python 3.11 or newer is needed, here is $found." \
        "Install one and run make again with PYTHON=/path/to/it."
}

check_venv() {
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        die "$python cannot make virtual environments." \
            "Run: sudo apt-get install $package"
    fi
}

venv() { # venv NAME REQUIREMENTS: install them unless the stamp says that it was done
    stamp=.venv/$1.stamp
    wanted="$PWD $(cat "$2" pyproject.toml | cksum)"
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    # Scripts of an environment that was moved, or whose Python is gone, do not run.
    if [ "$(cat .venv/place.stamp 2>/dev/null)" = "$PWD" ] && is_new_enough .venv/bin/python; then
        python=
    else
        choose_python
        check_venv
    fi
    echo "Setting up .venv for $1 (the first time takes about half a minute) ..."
    if [ "$python" ]; then
        "$python" -m venv --clear .venv
        echo "$PWD" > .venv/place.stamp
    fi
    .venv/bin/pip install --quiet --disable-pip-version-check -r "$2" ||
        die "pip could not install $2; what it said is above."
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps -e .
    echo "$wanted" > "$stamp"
}

install() { # install PACKAGE PROGRAM...: unless one of the programs is there
    package=$1
    shift
    for program in "$@"; do
        if PATH=$PATH:${SBIN:-/usr/sbin:/usr/local/sbin} command -v "$program" > /dev/null; then
            return
        fi
    done
    if ! command -v apt-get > /dev/null; then
        die "$package is needed for the tests. Install it with the packages of your system."
    fi
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif sudo -n true 2> /dev/null; then
        sudo="sudo -n"
    else
        die "$package is needed for the tests. Run: sudo apt-get install $package"
    fi
    echo "Installing $package ..."
    apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $package"
    # The list of packages may be missing or old.
    $apt > /dev/null 2>&1 || { $sudo apt-get update -qq && $apt > /dev/null; } ||
        die "apt-get could not install $package; what it said is above."
}

case ${1:-} in
    runtime) venv runtime requirements.txt ;;
    boards) venv boards requirements-boards.txt ;;
    test) venv test requirements-test.txt ;;
    mosquitto) install mosquitto mosquitto ;;
    chromium) install chromium chromium chromium-browser google-chrome ;;
    *) die "tools/setup.sh runtime | boards | test | mosquitto | chromium" ;;
esac
