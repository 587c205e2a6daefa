#!/usr/bin/env bash
# Makes .venv hold what the lock files name: `setup.sh run` for running, `setup.sh dev` for checking too. `setup.sh voice`
# makes .voice, an environment of its own for the optional voice: its libraries never meet those of the server.
# A stamp in .venv remembers which lock files were installed, so a second call does nothing and needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest="3.11"
venv=".venv"

main() {
  case "${1:-}" in
    run) lock_file="requirements.txt" ;;
    dev) lock_file="requirements-dev.txt" ;;
    voice) lock_file="requirements-voice.txt"; venv=".voice" ;;
    *) echo "usage: scripts/setup.sh run|dev|voice" >&2; exit 2 ;;
  esac
  venv_python="$venv/bin/python"
  one_at_a_time
  venv_works || make_venv
  is_installed "$lock_file" || install "$lock_file"
}

# Two makes in one folder must not install into one .venv at once.
one_at_a_time() {
  if command -v flock >/dev/null; then
    mkdir -p .cache
    exec 9>.cache/setup.lock
    flock 9
  fi
}

venv_works() {
  [ -x "$venv_python" ] && is_new_enough "$venv_python" && "$venv_python" -m pip --version >/dev/null 2>&1
}

make_venv() {
  local python
  python="$(find_python)"
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    scripts/need.sh python-venv
  fi
  echo "Making $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv"
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
    if is_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "Matazu needs Python $oldest or newer. Found: $(python3 --version 2>&1 || echo none)." >&2
  echo "Install one and try again, or name it: make run PYTHON=/path/to/python$oldest" >&2
  exit 1
}

is_new_enough() {
  "$1" -c "import sys; sys.exit(sys.version_info[:2] < (${oldest/./, }))" >/dev/null 2>&1
}

is_installed() {
  [ "$(cat "$(stamp_of "$1")" 2>/dev/null)" = "$(fingerprint_of "$1")" ]
}

install() {
  echo "Installing $1 into $venv"
  "$venv_python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
  fingerprint_of "$1" >"$(stamp_of "$1")"
  # The dev set holds everything of the run-time set, in the same versions.
  if [ "$1" = requirements-dev.txt ]; then
    fingerprint_of requirements.txt >"$(stamp_of requirements.txt)"
  fi
}

stamp_of() { echo "$venv/.installed-$1"; }

fingerprint_of() { cksum <"$1"; }

main "$@"
