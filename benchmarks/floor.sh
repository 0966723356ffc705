#!/bin/sh
# The floor: the raw commands of the gate, in the best order, with two workers. No tool around them.
#   floor.sh install PINS ENVS   make the environments, with the package editable
#   floor.sh warm PINS ENVS      run the gate in them: the longest cells first, ruff and types fill the gap
#   floor.sh cold PINS ENVS      both, from nothing: pinned packages without resolving, the wheel built once
# PINS holds one requirements file per cell (the newest cell's has ruff and mypy, too), ENVS the environments.
# Runs in the package's folder; uv and python3.8 … python3.12 are on PATH.
set -eu
mode=$1 PINS=$2 ENVS=$3
NEWEST=3.12

environment() {
    uv venv --quiet --python "python$1" "$ENVS/$1"
    uv pip install --quiet --offline --no-deps --python "$ENVS/$1" -r "$PINS/$1.txt"
}

package() {
    uv pip install --quiet --offline --no-deps --python "$ENVS/$1" "$2"
}

cell() {
    COVERAGE_FILE=".coverage.$1" "$ENVS/$1/bin/coverage" run -m pytest
}

static() {
    "$ENVS/$NEWEST/bin/ruff" check --no-fix
    "$ENVS/$NEWEST/bin/ruff" format --diff
    "$ENVS/$NEWEST/bin/mypy"
}

wait_for() {
    tries=0
    until [ -e "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 6000 ]  # the other worker failed
        sleep 0.01
    done
}

cold() {
    case $1 in
        wheel)
            uv build --quiet --offline --wheel --out-dir "$ENVS/dist"
            : >"$ENVS/wheel-built" ;;
        static)
            environment "$NEWEST"
            : >"$ENVS/newest-made"
            static ;;
        *)
            if [ "$1" = "$NEWEST" ]; then wait_for "$ENVS/newest-made"; else environment "$1"; fi
            wait_for "$ENVS/wheel-built"
            package "$1" "$(echo "$ENVS"/dist/*.whl)"
            cell "$1" ;;
    esac
}

# Two workers; each job's output is printed as one block, and any failure fails the whole.
work_off() {
    failed=0
    mkdir -p "$ENVS/log"
    printf '%s\n' "$@" | xargs -n 1 -P 2 "$0" job-"$mode" "$PINS" "$ENVS" || failed=1
    cat "$ENVS"/log/*
    rm -r "$ENVS/log"
    [ "$failed" = 0 ]
    bin="$ENVS/$NEWEST/bin"
    "$bin/coverage" combine .coverage.3.8 .coverage.3.9 .coverage.3.10 .coverage.3.11 .coverage.3.12
    "$bin/coverage" report --precision=2 --fail-under=95
}

case $mode in
    install)
        for python in 3.8 3.9 3.10 3.11 3.12; do
            environment "$python"
            package "$python" --editable=.
        done ;;
    warm) work_off 3.12 3.11 3.10 3.9 3.8 static ;;
    cold) work_off wheel static 3.8 3.9 3.10 3.11 3.12 ;;
    job-warm)
        case $4 in
            static) static ;;
            *) cell "$4" ;;
        esac >"$ENVS/log/$4" 2>&1 ;;
    job-cold) cold "$4" >"$ENVS/log/$4" 2>&1 ;;
esac
