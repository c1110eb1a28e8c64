#!/bin/bash
# dracut sources this file and calls the functions.

check() {
  require_binaries btrfs-update || return 1
  return 0
}

depends() {
  echo btrfs
}

installkernel() {
  instmods btrfs
}

# btrfs-update is static, and needs neither keys nor configuration here.
install() {
  inst_multiple btrfs-update
  # dracut sets it.
  # shellcheck disable=SC2154
  inst_hook pre-mount 10 "$moddir/boot-check.sh"
}
