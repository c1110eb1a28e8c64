# U-Boot's script, for a device with the boot backend "uboot": starts the system that btrfs-update
# chose, counts the tries of one on trial, and starts the last good one when none is left.
#
#   mkimage -A arm64 -T script -C none -d boot.cmd boot.scr
#
# It uses what the standard boot sets: devtype, devnum, distro_bootpart, kernel_addr_r,
# ramdisk_addr_r, fdt_addr_r. The board must be able to save its environment (saveenv), redundantly
# if a power cut is not to lose it. docs/boot.md says the rest.

setenv update_system "${btrfs_update_first}"
if test "x${btrfs_update_left}" != "xgood"; then
  # One less. Anything but a digit above 0 is none.
  setenv update_counted
  setenv update_below 0
  for digit in 1 2 3 4 5 6 7 8 9; do
    if test "x${btrfs_update_left}" = "x${digit}"; then
      setenv update_counted "${update_below}"
    fi
    setenv update_below "${digit}"
  done
  if test "x${update_counted}" = "x"; then
    setenv update_system "${btrfs_update_second}"
  else
    setenv btrfs_update_left "${update_counted}"
    setenv update_system
    setenv update_counted
    setenv update_below
    # A try that cannot be counted is none.
    if saveenv; then
      echo "btrfs-update: on trial, ${btrfs_update_left} tries left"
      setenv update_system "${btrfs_update_first}"
    else
      setenv update_system "${btrfs_update_second}"
    fi
  fi
  if test "x${update_system}" = "x"; then
    setenv update_system "${btrfs_update_first}"
  fi
fi

setenv update_files "${devtype} ${devnum}:${distro_bootpart}"
# The description lies where the initrd comes later.
setenv update_start 'if load ${update_files} ${ramdisk_addr_r} btrfs-update/${update_system}.env; then env import -t ${ramdisk_addr_r} ${filesize} btrfs_update_linux btrfs_update_initrd btrfs_update_options; if load ${update_files} ${kernel_addr_r} btrfs-update/${btrfs_update_linux}; then setenv bootargs ${btrfs_update_options}; if test "x${btrfs_update_initrd}" = "x"; then booti ${kernel_addr_r} - ${fdt_addr_r}; elif load ${update_files} ${ramdisk_addr_r} btrfs-update/${btrfs_update_initrd}; then booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr_r}; fi; fi; fi'

run update_start
# Only if something could not be loaded.
setenv update_system "${btrfs_update_second}"
run update_start
