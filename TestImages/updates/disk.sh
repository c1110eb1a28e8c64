# shellcheck shell=bash
# What the scripts beside it share: $here, $keys, $programs, and an empty btrfs that is the current
# directory until the script ends. Needs root, a loop device, and the programs of `tools/build` in
# .build/release (or in $PROGRAMS).
set -euo pipefail
here=$(realpath "$(dirname "$0")")
# shellcheck disable=SC2034  # read by the scripts
keys=$here/../keys
# shellcheck disable=SC2034
programs=${PROGRAMS:-$here/../../.build/release}
work=$(mktemp -d)
trap 'cd /; mountpoint -q "$work/top" && umount "$work/top"; rm -rf "$work"' EXIT
truncate -s 256M "$work/image"
mkfs.btrfs -q "$work/image" >/dev/null
mkdir "$work/top"
mount -o loop "$work/image" "$work/top"
cd "$work/top"
