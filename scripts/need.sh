#!/usr/bin/env bash
# Sees to it that the system holds what pip cannot bring: `need.sh chromium redis japanese-font strace python-venv`.
# Installs what is missing with apt-get where this user may; otherwise says loudly what is missing. A missing thing
# stops a CI run (CI=true); at a desk the tests that need it say so themselves.
set -euo pipefail

main() {
  local need missing=()
  for need in "$@"; do
    has "$need" || missing+=("$need")
  done
  [ ${#missing[@]} -eq 0 ] && return
  install "${missing[@]}" || true

  local still=()
  for need in "${missing[@]}"; do
    has "$need" || still+=("$need")
  done
  [ ${#still[@]} -eq 0 ] || complain "${still[@]}"
}

has() {
  case "$1" in
    chromium) any_command chromium chromium-browser google-chrome google-chrome-stable ;;
    redis) any_command redis-server valkey-server ;;
    strace) any_command strace ;;
    # fc-list reads the whole list before grep may stop, so that pipefail sees no broken pipe.
    japanese-font) any_command fc-list && [ -n "$(fc-list :lang=ja family)" ] ;;
    nepali-font) any_command fc-list && [ -n "$(fc-list :lang=ne family)" ] ;;
    python-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    *) echo "need.sh does not know '$1'" >&2; exit 2 ;;
  esac
}

any_command() {
  local name
  for name in "$@"; do
    command -v "$name" >/dev/null && return
  done
  return 1
}

packages_for() {
  case "$1" in
    chromium) echo chromium ;;
    redis) echo redis-server ;;
    strace) echo strace ;;
    japanese-font) echo fonts-noto-cjk fontconfig ;;
    nepali-font) echo fonts-lohit-deva fontconfig ;;
    python-venv) echo python3-venv ;;
  esac
}

install() {
  local as_root=() need packages=()
  any_command apt-get || return
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return
    as_root=(sudo -n)
  fi
  for need in "$@"; do
    # shellcheck disable=SC2207  # package names hold no spaces
    packages+=($(packages_for "$need"))
  done
  echo "Installing with apt-get: ${packages[*]}"
  # RUNLEVEL=1 keeps Debian from starting a system-wide Redis that nobody asked for.
  "${as_root[@]}" apt-get -qq update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
}

complain() {
  local need
  {
    echo "=================================================================="
    echo " MISSING on this machine:"
    for need in "$@"; do
      echo "   - $need   (Debian: $(packages_for "$need"))"
    done
    echo " Tests that need these cannot run here."
    echo "=================================================================="
  } >&2
  [ "${CI:-}" != true ]
}

main "$@"
