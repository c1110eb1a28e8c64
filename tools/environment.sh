# shellcheck shell=bash
# Sourced by the scripts beside it: strict mode, the project's folder as working directory, Swift in
# PATH, and a few words to speak with.

set -euo pipefail
export LC_ALL=C.UTF-8
export HOME="${HOME:-/root}"
# Debian keeps mkfs and mount there, and a plain user's PATH lacks it.
PATH="$PATH:/usr/sbin:/sbin"
if ! command -v swift >/dev/null && [ -x /opt/swift/usr/bin/swift ]; then
  PATH="/opt/swift/usr/bin:$PATH"
fi
export PATH
script=$(realpath "$0")
project=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
cd "$project"

# A headline on standard error, with the seconds since the script began.
step() { printf '\n== %s  (%d s)\n' "$*" "$SECONDS" >&2; }

fail() {
  printf '%s: %s\n' "$0" "$*" >&2
  exit 1
}

# Starts the script again as root, where a person can be asked for it. What root builds belongs to
# that person again in the end: see give_back.
become_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  [ -z "${CI:-}" ] || fail "must be run by root"
  command -v sudo >/dev/null || fail "must be run by root: it mounts file systems"
  echo "$0 mounts file systems, so it goes on as root" >&2
  exec sudo env PATH="$PATH" "$script" "$@"
}

# Hands .build to whoever called sudo.
give_back() {
  if [ -n "${SUDO_UID:-}" ] && [ -d "$project/.build" ]; then
    chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$project/.build"
  fi
}
