#!/usr/bin/env bash
# Use an installed wheel from a folder that is not the checkout: every station of the line, on its own data files.
# Usage: wheel.sh BIN, where BIN holds the environment's python and dsd
set -euo pipefail
bin=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$bin/python" - <<'PY'
import sys, dsd
from dsd.paths import shipped
assert dsd.__file__.startswith(sys.prefix), f"{dsd.__file__} is not the wheel's"
for folder in ("spaces", "experiments"):
    assert str(shipped(folder)).startswith(sys.prefix), shipped(folder)
PY
test "$("$bin/dsd" spaces --json | "$bin/python" -c 'import json, sys; print(len(json.load(sys.stdin)))')" = 50
"$bin/dsd" sample --space AnyNetX_C -n 500 -o c.csv
test "$(wc -l < c.csv)" = 501
"$bin/dsd" launch demo n=1 recipe.epochs=1 data.train_images=128 'acts=:10K' -o sweep
"$bin/dsd" status sweep --watch
"$bin/dsd" analyze sweep
"$bin/dsd" report sweep
"$bin/dsd" train ResNet-56 data=digits recipe=digits recipe.epochs=1 data.train_images=64 -o run
test -s run/figures/curve.png
test -s sweep/report.html && test -s sweep/figures/edf.png
echo "the wheel works from $work"
