#!/usr/bin/env bash
# Makes the golden update with opened files. Needs root, a loop device, gzip, xz, and the programs of
# `tools/build` in .build/release (or in $PROGRAMS); the keys of make-updates.sh.
#
# usage: make-opened.sh
# shellcheck source-path=SCRIPTDIR source=disk.sh
. "$(dirname "$0")/disk.sh"

# pack TEXT: a manual page, a module, and like a kernel: something, xz of something with gzip inside, something.
pack() {
  gzip -9nc "$1" >opened/manual.gz
  xz --check=crc32 --lzma2=dict=1MiB -T2 -c "$1" >opened/module.ko.xz
  {
    head -c 500 "$1"
    { head -c 700 "$1"; gzip -nc "$1"; } | xz -c --check=crc32 --x86 --lzma2=preset=6,dict=1MiB
    tail -c 300 "$1"
  } >opened/image
}

btrfs -q subvolume create sys_root_current
mkdir sys_root_current/opened
cd sys_root_current
seq 1 5000 | awk '{ print "line", $1, ($1 * 7919) % 1000 }' >../text
pack ../text
btrfs -q subvolume snapshot -r . ../sys_root_v1
sed -e '1000s/.*/something else/' -e 3000d ../text >../changed
rm opened/*
pack ../changed
btrfs -q subvolume snapshot -r . ../sys_root_v2
cd ..

SOURCE_DATE_EPOCH=1700000000 "$programs/btrfs-delta" build --plan send --key "$keys/test.pem" \
  --compatible golden --progress none --parent sys_root_v1 --child sys_root_v2 \
  --output "$here/opened-revision-1.btrfs.xz"
tar -C sys_root_v1 -cf - opened | tar -C "$here/parent" -xf -
