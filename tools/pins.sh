#!/bin/sh
# SPDX-License-Identifier: MIT
# Pins what pyproject.toml asks for, and what that needs: tools/pins.sh [uv]
set -eu
cd "$(dirname "$0")/.."
uv=${1:-uv}

pin() { # pin FILE [OPTION...]: versions already pinned there stay, unless they no longer fit
    file=$1
    shift
    "$uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --no-header --no-annotate --output-file "$file" "$@"
    { echo "# Made by make pins from pyproject.toml."
      sed "s/ ; sys_platform == 'linux'$//; s/ and sys_platform == 'linux'//" "$file"
    } > "$file.new"
    mv "$file.new" "$file"
}

pin requirements.txt
pin requirements-boards.txt --extra boards --constraint requirements.txt
pin requirements-test.txt --extra boards --extra test --constraint requirements-boards.txt
