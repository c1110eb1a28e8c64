#!/bin/bash
# Makes the streams next to this script anew: `sudo TestImages/streams/make-streams.sh`.
#
# Needs root, a loop device, mkfs.btrfs, btrfs, python3 and mknod. The handmade streams are
# not made here but by a test: UPDATE_GOLDEN=1 swift test --filter GoldenStreamTests
# Then this script writes the text of all of them, as the installed `btrfs receive --dump` has it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mount=$work/mount
mounted=
cleanup() {
  cd /
  if [ -n "$mounted" ]; then umount "$mount"; fi
  rm -rf "$work"
}
trap cleanup EXIT

truncate -s 256M "$work/disk"
mkfs.btrfs -q "$work/disk" >"$work/log" 2>&1
mkdir "$mount"
mount -o loop "$work/disk" "$mount"
mounted=yes
cd "$mount"
umask 022

snapshot() { btrfs -q subvolume snapshot -r "$1" "$2"; }
send() { rm -f "$here/$1.stream" && btrfs -q send -f "$here/$1.stream" "${@:2}"; }

# A tree with one of everything that has its own command.
btrfs -q subvolume create tree
python3 - tree/random <<'P'
import random, sys
open(sys.argv[1], "wb").write(random.Random(1).randbytes(20000))
P
mkdir -p tree/dir/deep tree/will-go
echo text >tree/dir/small
printf 'odd\n' >"tree/dir/a name with blanks, a \\ and a"$'\n'"line break"
printf 'bytes\n' >tree/dir/$'\xff\xfe\x01'
ln tree/dir/small tree/dir/deep/hard-link
ln -s ../dir/small tree/dir/symbolic-link
mkfifo tree/pipe
mknod tree/block b 8 17
mknod tree/character c 260 70000
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/socket")'
python3 - tree/dir/small <<'P'
import os, sys
os.setxattr(sys.argv[1], "user.name", b"value")
os.setxattr(sys.argv[1], "user.binary", b"\0\xff\n ")
P
cp --reflink=always tree/random tree/clone
truncate -s 1M tree/sparse
printf end >>tree/sparse
chown 1000:1001 tree/dir/small
chmod 4755 tree/random
touch -d '2001-02-03 04:05:06.789 UTC' tree/dir/small
snapshot tree first

# Changes to it.
printf changed | dd of=tree/random bs=1 seek=9000 conv=notrunc status=none
mv tree/dir/deep tree/moved
rm tree/dir/symbolic-link
snapshot tree middle
python3 -c 'import os; os.removexattr("tree/dir/small", "user.name")'
truncate -s 5000 tree/clone
fallocate --punch-hole --offset 4096 --length 8192 tree/random
chattr +d tree/dir/small
mkdir tree/new
cp --reflink=always tree/clone tree/new/clone
rm -r tree/dir/$'\xff\xfe\x01' tree/pipe
rmdir tree/will-go
snapshot tree second

btrfs -q subvolume create packed
btrfs property set packed compression zstd
python3 - <<'P'
open("packed/large", "wb").write(b"much of the same\n" * 20000)
open("packed/inline", "wb").write(b"short\n" * 200)
P
sync
snapshot packed packed-snapshot
sync

send full-v1 first
send full-v2 --proto 2 first
send incremental-v1 -p first second
send incremental-v2 --proto 2 -p first second
send no-data --no-data first
send encoded --proto 2 --compressed-data packed-snapshot
send two-subvolumes middle second
send two-subvolumes-one-header -e -p first middle second
chmod 644 "$here"/*.stream

for stream in "$here"/*.stream; do
  text=${stream%.stream}.dump.txt
  # Stock btrfs tools know version 3 only when built with its debugging option; its commands are
  # those of the handmade version 2, and so is their text.
  input=${stream/handmade-v3/handmade-v2}
  # It stops after the first of several streams, and has read no more than that one.
  (
    TZ=UTC btrfs receive --dump
    if [[ $stream = */two-subvolumes.stream ]]; then TZ=UTC btrfs receive --dump; fi
  ) <"$input" >"$text"
done
ls -l "$here"
