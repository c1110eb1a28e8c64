#!/usr/bin/env bash
# Makes the golden updates, and the keys that sign them. Needs root, a loop device, and the programs
# of `tools/build` in .build/release (or in $PROGRAMS).
#
# usage: make-updates.sh
#
# The keys are for tests only: everybody has the private half.
# shellcheck source-path=SCRIPTDIR source=disk.sh
. "$(dirname "$0")/disk.sh"

if [ ! -e "$keys/test.pem" ]; then
  "$programs/btrfs-delta" keygen --private "$keys/test.pem" --public "$keys/test.pub.pem"
  "$programs/btrfs-delta" keygen --private "$keys/other.pem" --public "$keys/other.pub.pem"
fi

btrfs -q subvolume create sys_root_current
mkdir -p sys_root_current/{etc,usr/bin,usr/share/doc}
echo 'first' >sys_root_current/etc/version
seq 1 20000 >sys_root_current/usr/bin/program
seq 1 3000 | sed 's/^/line /' >sys_root_current/usr/share/doc/text-1.0
ln -s ../usr/bin/program sys_root_current/etc/link
btrfs -q subvolume snapshot -r sys_root_current sys_root_v1
# As package managers do: written beside, renamed over.
{ seq 1 9000; echo 'something new'; seq 9001 20000; } >sys_root_current/usr/bin/program.new
mv sys_root_current/usr/bin/program.new sys_root_current/usr/bin/program
echo 'second' >sys_root_current/etc/version
{ cat sys_root_current/usr/share/doc/text-1.0; echo end; } >sys_root_current/usr/share/doc/text-1.1
rm sys_root_current/usr/share/doc/text-1.0
btrfs -q subvolume snapshot -r sys_root_current sys_root_v2

# Two new files that are alike, and one that two old files were merged into (through a pipe, since
# cat shares blocks where it can).
for i in $(seq 400); do echo "$i" | sha512sum; done >sys_root_current/usr/share/doc/new-1
{ head -n 200 sys_root_current/usr/share/doc/new-1; echo more; tail -n 200 sys_root_current/usr/share/doc/new-1; } \
  >sys_root_current/usr/share/doc/new-2
cat sys_root_v1/usr/bin/program sys_root_v1/usr/share/doc/text-1.0 | cat >sys_root_current/usr/share/doc/merged
btrfs -q subvolume snapshot -r sys_root_current sys_root_v3

export SOURCE_DATE_EPOCH=1700000000
build=("$programs/btrfs-delta" build --plan send --key "$keys/test.pem" --compatible golden --progress none)
"${build[@]}" --child sys_root_v1 --output "$here/full-revision-1.btrfs.xz"
"${build[@]}" --parent sys_root_v1 --child sys_root_v2 --output "$here/delta-revision-1.btrfs.xz"
"${build[@]}" --parent sys_root_v1 --child sys_root_v2 --proto 1 \
  --output "$here/delta-proto-1-revision-1.btrfs.xz"
"${build[@]}" --parent sys_root_v1 --child sys_root_v3 --output "$here/sources-revision-1.btrfs.xz"
# The files that the patches are made against, and what must come out.
rm -rf "$here/parent"/{usr,etc}
mkdir -p "$here/parent"
tar -C sys_root_v1 -cf - usr/bin/program usr/share/doc/text-1.0 etc/version | tar -C "$here/parent" -xf -
