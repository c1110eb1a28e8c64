#!/bin/sh
# Before root is mounted: counts this boot as a try of a system on trial, or goes back to the one
# before it. Whatever happens here, the boot goes on. dracut sources this file: no exit.

# dracut sets it, such as block:/dev/sda2.
# shellcheck disable=SC2154
device="${root#block:}"
if [ -b "$device" ]; then
  btrfs-update boot-check --device "$device" || :
fi
unset device
