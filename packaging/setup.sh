#!/bin/sh
# Makes everything Deskline needs on Debian or Ubuntu: system packages, a virtual environment, locked dependencies.
#   packaging/setup.sh run    what the program needs
#   packaging/setup.sh dev    and what its tests, lint and benches need
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}
stamp=.venv/.ready-$what
case $what in
  run) lock=requirements.lock ;;
  dev) lock=requirements-dev.lock ;;
  *) echo "usage: packaging/setup.sh run|dev" >&2; exit 2 ;;
esac

say() { printf 'setup: %s\n' "$*"; }

want=$(cat pyproject.toml requirements*.lock packaging/system-packages-*.txt "$0" | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0

python=""
for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
     "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    python=$candidate; break
  fi
done
[ -n "$python" ] || { echo "setup: Python 3.11, 3.12 or 3.13 is needed; install python3.11 and run this again." >&2; exit 1; }

# 1. System packages: what Qt and the sound libraries link to, and fonts.
if command -v dpkg-query >/dev/null 2>&1; then
  lists=packaging/system-packages-run.txt
  [ "$what" = dev ] && lists="$lists packaging/system-packages-dev.txt"
  missing=""
  for package in $(sed 's/#.*//' $lists); do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    missing="$missing $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then root=""
    elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then root="sudo"
    else
      echo "setup: these system packages are missing:$missing" >&2
      echo "setup: you are not root and sudo is not available. Ask an administrator to run:" >&2
      echo "  apt-get install --no-install-recommends$missing" >&2
      exit 1
    fi
    say "installing system packages:$missing"
    $root apt-get update -qq
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  fi
else
  say "this is not a Debian system: the libraries of packaging/system-packages-run.txt must be there already"
fi

# 2. The environment, with exactly the locked versions and hashes.
[ -x .venv/bin/python ] || { say "creating the virtual environment"; "$python" -m venv .venv; }
say "installing locked dependencies (about 1 GB unpacked the first time, one to five minutes)"
bar=on; [ -t 1 ] || bar=off
.venv/bin/python -m pip install --disable-pip-version-check --quiet --progress-bar "$bar" --require-hashes -r "$lock"
say "installing deskline"
.venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
printf '%s\n' "$want" > "$stamp"
[ "$what" = run ] || cp "$stamp" .venv/.ready-run
say "ready"
