// What Swift cannot call or import from the system's headers: variadic functions, function-like
// macros, flexible and 4 KiB structs. Everything is a static inline wrapper that adds no behaviour:
// results and errno are the system call's own.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/openat2.h>
#include <linux/reboot.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

// No _GNU_SOURCE here: with it, types of the C library would differ from what the other modules of
// a program see of them. What is hidden without it:

int fallocate(int fd, int mode, off_t offset, off_t length);
int pipe2(int fds[2], int flags);
int syncfs(int fd);

#ifndef O_PATH
#define O_PATH __O_PATH
#endif
#ifndef O_NOATIME
#define O_NOATIME __O_NOATIME
#endif
#ifndef O_TMPFILE
#define O_TMPFILE __O_TMPFILE
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ 1031
#endif

// Opening and names.

static inline int clinux_open(const char *path, int flags, unsigned mode) {
  return open(path, flags, mode);
}

// glibc 2.36 has no openat2.
static inline int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode,
                                 uint64_t resolve) {
  struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// musl has no renameat2.
static inline int clinux_renameat2(int from, const char *old_name, int to, const char *new_name,
                                   unsigned flags) {
  return (int)syscall(SYS_renameat2, from, old_name, to, new_name, flags);
}

static inline ssize_t clinux_getdents64(int directory, void *buffer, size_t size) {
  return (ssize_t)syscall(SYS_getdents64, directory, buffer, size);
}

static const uint64_t clinux_resolve_confined =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
static const unsigned clinux_rename_noreplace = RENAME_NOREPLACE;
static const unsigned clinux_rename_exchange = RENAME_EXCHANGE;

static const int clinux_o_path = O_PATH;
static const int clinux_o_noatime = O_NOATIME;
static const int clinux_o_tmpfile = O_TMPFILE;
static const int clinux_at_empty_path = AT_EMPTY_PATH;
static const int clinux_seek_data = SEEK_DATA;
static const int clinux_seek_hole = SEEK_HOLE;
static const long clinux_utime_omit = UTIME_OMIT;

// Detached mounts: glibc 2.36 and musl differ in what they declare of these calls.

static inline int clinux_fsopen(const char *type) {
  return (int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);
}

static inline int clinux_fsconfig_set_string(int context, const char *key, const char *value) {
  return (int)syscall(SYS_fsconfig, context, 1 /* FSCONFIG_SET_STRING */, key, value, 0);
}

static inline int clinux_fsconfig_create(int context) {
  return (int)syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
}

static inline int clinux_fsmount(int context, unsigned attributes) {
  return (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, attributes);
}

// Variadic fcntl and ioctl.

static inline int clinux_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

static inline int clinux_set_pipe_capacity(int fd, int bytes) {
  return fcntl(fd, F_SETPIPE_SZ, bytes);
}

static inline void clinux_set_nonblocking(int fd) {
  (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static inline int clinux_get_inode_flags(int fd, uint32_t *flags) {
  // The kernel writes an int, whatever the long in the number says.
  int value = 0;
  int result = ioctl(fd, FS_IOC_GETFLAGS, &value);
  *flags = (uint32_t)value;
  return result;
}

static inline int clinux_set_inode_flags(int fd, uint32_t flags) {
  int value = (int)flags;
  return ioctl(fd, FS_IOC_SETFLAGS, &value);
}

static inline int clinux_get_extended_flags(int fd, struct fsxattr *attributes) {
  return ioctl(fd, FS_IOC_FSGETXATTR, attributes);
}

static inline int clinux_set_extended_flags(int fd, const struct fsxattr *attributes) {
  return ioctl(fd, FS_IOC_FSSETXATTR, attributes);
}

static inline int clinux_enable_verity(int fd, uint32_t algorithm, uint32_t block_size,
                                       const void *salt, uint32_t salt_size, const void *signature,
                                       uint32_t signature_size) {
  struct fsverity_enable_arg args;
  memset(&args, 0, sizeof args);
  args.version = 1;
  args.hash_algorithm = algorithm;
  args.block_size = block_size;
  args.salt_size = salt_size;
  args.salt_ptr = (uintptr_t)salt;
  args.sig_size = signature_size;
  args.sig_ptr = (uintptr_t)signature;
  return ioctl(fd, FS_IOC_ENABLE_VERITY, &args);
}

static inline int clinux_clone_range(int to, int64_t from, uint64_t from_offset, uint64_t length,
                                     uint64_t to_offset) {
  struct file_clone_range range = {
      .src_fd = from, .src_offset = from_offset, .src_length = length, .dest_offset = to_offset};
  return ioctl(to, FICLONERANGE, &range);
}

// btrfs. Names are checked by the caller: at most 255 bytes, so they always fit.

static const uint64_t clinux_btrfs_subvol_rdonly = BTRFS_SUBVOL_RDONLY;
static const uint64_t clinux_btrfs_root_subvol_rdonly = BTRFS_ROOT_SUBVOL_RDONLY;
static const uint64_t clinux_btrfs_first_free_objectid = BTRFS_FIRST_FREE_OBJECTID;
static const uint64_t clinux_btrfs_empty_subvol_dir_objectid = BTRFS_EMPTY_SUBVOL_DIR_OBJECTID;

static const uint64_t clinux_btrfs_send_no_file_data = BTRFS_SEND_FLAG_NO_FILE_DATA;
static const uint64_t clinux_btrfs_send_omit_stream_header = BTRFS_SEND_FLAG_OMIT_STREAM_HEADER;
static const uint64_t clinux_btrfs_send_omit_end_command = BTRFS_SEND_FLAG_OMIT_END_CMD;
static const uint64_t clinux_btrfs_send_version = BTRFS_SEND_FLAG_VERSION;
static const uint64_t clinux_btrfs_send_compressed = BTRFS_SEND_FLAG_COMPRESSED;

static const uint64_t clinux_btrfs_block_group_data = BTRFS_BLOCK_GROUP_DATA;
static const uint64_t clinux_btrfs_block_group_system = BTRFS_BLOCK_GROUP_SYSTEM;
static const uint64_t clinux_btrfs_block_group_metadata = BTRFS_BLOCK_GROUP_METADATA;
static const uint64_t clinux_btrfs_space_info_global_rsv = BTRFS_SPACE_INFO_GLOBAL_RSV;
static const uint64_t clinux_btrfs_block_group_dup = BTRFS_BLOCK_GROUP_DUP;
static const uint64_t clinux_btrfs_block_group_raid1 = BTRFS_BLOCK_GROUP_RAID1;
static const uint64_t clinux_btrfs_block_group_raid10 = BTRFS_BLOCK_GROUP_RAID10;
static const uint64_t clinux_btrfs_block_group_raid1c3 = BTRFS_BLOCK_GROUP_RAID1C3;
static const uint64_t clinux_btrfs_block_group_raid1c4 = BTRFS_BLOCK_GROUP_RAID1C4;
static const uint64_t clinux_btrfs_block_group_raid5 = BTRFS_BLOCK_GROUP_RAID5;
static const uint64_t clinux_btrfs_block_group_raid6 = BTRFS_BLOCK_GROUP_RAID6;

static const uint64_t clinux_btrfs_root_tree = BTRFS_ROOT_TREE_OBJECTID;
static const uint64_t clinux_btrfs_quota_tree = BTRFS_QUOTA_TREE_OBJECTID;
static const uint32_t clinux_btrfs_root_item = BTRFS_ROOT_ITEM_KEY;
static const uint32_t clinux_btrfs_qgroup_status = BTRFS_QGROUP_STATUS_KEY;
static const uint32_t clinux_btrfs_qgroup_info = BTRFS_QGROUP_INFO_KEY;
static const uint32_t clinux_btrfs_qgroup_limit = BTRFS_QGROUP_LIMIT_KEY;
static const uint32_t clinux_btrfs_qgroup_relation = BTRFS_QGROUP_RELATION_KEY;

static inline int clinux_btrfs_subvol_create(int directory, const char *name) {
  struct btrfs_ioctl_vol_args_v2 args;
  memset(&args, 0, sizeof args);
  strncpy(args.name, name, sizeof args.name - 1);
  return ioctl(directory, BTRFS_IOC_SUBVOL_CREATE_V2, &args);
}

static inline int clinux_btrfs_snap_create(int directory, const char *name, int source,
                                           uint64_t flags) {
  struct btrfs_ioctl_vol_args_v2 args;
  memset(&args, 0, sizeof args);
  args.fd = source;
  args.flags = flags;
  strncpy(args.name, name, sizeof args.name - 1);
  return ioctl(directory, BTRFS_IOC_SNAP_CREATE_V2, &args);
}

static inline int clinux_btrfs_snap_destroy(int directory, const char *name) {
  struct btrfs_ioctl_vol_args args;
  memset(&args, 0, sizeof args);
  strncpy(args.name, name, sizeof args.name - 1);
  return ioctl(directory, BTRFS_IOC_SNAP_DESTROY, &args);
}

static inline int clinux_btrfs_get_subvol_info(int fd,
                                               struct btrfs_ioctl_get_subvol_info_args *info) {
  memset(info, 0, sizeof *info);
  return ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, info);
}

static inline int clinux_btrfs_subvol_getflags(int fd, uint64_t *flags) {
  return ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, flags);
}

static inline int clinux_btrfs_subvol_setflags(int fd, uint64_t flags) {
  return ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags);
}

static inline int clinux_btrfs_set_received(int fd, const uint8_t uuid[16], uint64_t stransid,
                                            uint64_t seconds, uint32_t nanoseconds,
                                            uint64_t *rtransid) {
  struct btrfs_ioctl_received_subvol_args args;
  memset(&args, 0, sizeof args);
  memcpy(args.uuid, uuid, sizeof args.uuid);
  args.stransid = stransid;
  args.stime.sec = seconds;
  args.stime.nsec = nanoseconds;
  int result = ioctl(fd, BTRFS_IOC_SET_RECEIVED_SUBVOL, &args);
  *rtransid = args.rtransid;
  return result;
}

// Returns how many bytes of the file were written.
static inline ssize_t clinux_btrfs_encoded_write(int fd, const void *data, size_t size,
                                                 uint64_t offset, uint64_t length,
                                                 uint64_t unencoded_length,
                                                 uint64_t unencoded_offset, uint32_t compression) {
  struct iovec part = {.iov_base = (void *)data, .iov_len = size};
  struct btrfs_ioctl_encoded_io_args args;
  memset(&args, 0, sizeof args);
  args.iov = &part;
  args.iovcnt = 1;
  args.offset = (int64_t)offset;
  args.len = length;
  args.unencoded_len = unencoded_length;
  args.unencoded_offset = unencoded_offset;
  args.compression = compression;
  return ioctl(fd, BTRFS_IOC_ENCODED_WRITE, &args);
}

static inline int clinux_btrfs_sync(int fd) { return ioctl(fd, BTRFS_IOC_SYNC, NULL); }

static inline int clinux_btrfs_send(int subvolume, int output, uint64_t parent_root,
                                    uint64_t *clone_sources, uint64_t clone_sources_count,
                                    uint64_t flags, uint32_t version) {
  struct btrfs_ioctl_send_args args;
  memset(&args, 0, sizeof args);
  args.send_fd = output;
  args.clone_sources = (void *)clone_sources;
  args.clone_sources_count = clone_sources_count;
  args.parent_root = parent_root;
  args.flags = flags;
  args.version = version;
  return ioctl(subvolume, BTRFS_IOC_SEND, &args);
}

// Space by kind of block group; `slots` is how many `spaces` has room for.
static inline int clinux_btrfs_space_info(int fd, uint64_t slots,
                                          struct btrfs_ioctl_space_info *spaces,
                                          uint64_t *count) {
  union {
    struct btrfs_ioctl_space_args args;
    char room[sizeof(struct btrfs_ioctl_space_args) + 32 * sizeof(struct btrfs_ioctl_space_info)];
  } buffer;
  memset(&buffer, 0, sizeof buffer);
  if (slots > 32) slots = 32;
  buffer.args.space_slots = slots;
  int result = ioctl(fd, BTRFS_IOC_SPACE_INFO, &buffer.args);
  if (result != 0) return result;
  uint64_t filled = buffer.args.total_spaces < slots ? buffer.args.total_spaces : slots;
  memcpy(spaces, buffer.args.spaces, filled * sizeof *spaces);
  *count = filled;
  return 0;
}

// The UUID of the file system that `fd` is in.
static inline int clinux_btrfs_file_system_uuid(int fd, uint8_t uuid[16]) {
  struct btrfs_ioctl_fs_info_args args;
  memset(&args, 0, sizeof args);
  int result = ioctl(fd, BTRFS_IOC_FS_INFO, &args);
  if (result == 0) memcpy(uuid, args.fsid, 16);
  return result;
}

// Marks the file system itself read-only, not only the mount.
static inline int clinux_fsconfig_set_read_only(int context) {
  return (int)syscall(SYS_fsconfig, context, 0 /* FSCONFIG_SET_FLAG */, "ro", NULL, 0);
}

// The default subvolume.

static inline int clinux_btrfs_set_default_subvol(int fd, uint64_t id) {
  __u64 value = id;
  return ioctl(fd, BTRFS_IOC_DEFAULT_SUBVOL, &value);
}

// Rebooting.

static inline int clinux_systemd_reboot_signal(void) { return SIGRTMIN + 5; }

static inline int clinux_reboot(void) {
  return (int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
                      LINUX_REBOOT_CMD_RESTART, NULL);
}

// Processes.

enum { clinux_spawn_maximum = 64 };

static inline int clinux_pidfd_open(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

// Sets a list of pointers, with its end, to strings that lie one behind the other.
static inline void clinux_split(const char *strings, size_t count, const char **pointers) {
  for (size_t at = 0; at < count; at++) {
    pointers[at] = strings;
    strings += strlen(strings) + 1;
  }
  pointers[count] = NULL;
}

// What the child does before it is another program: only calls that are allowed after the fork of
// a process with threads. Ends with the number of the error in `report`.
static inline void clinux_become(const char *path, const char **arguments, const char **environment,
                                 int input, int output, int report) {
  // Above those that they become, whichever numbers they have now.
  input = fcntl(input, F_DUPFD_CLOEXEC, 10);
  output = fcntl(output, F_DUPFD_CLOEXEC, 10);
  int error = fcntl(report, F_DUPFD_CLOEXEC, 10);
  if (error >= 0) report = error;
  if (input < 0 || output < 0 || error < 0 || setsid() < 0 || chdir("/") < 0) goto failed;
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) goto failed;
  // CLOSE_RANGE_CLOEXEC is 4. A kernel before 5.11 has our own descriptors' flags to go by.
  (void)syscall(SYS_close_range, 3, ~0u, 4);
  umask(022);
  // What was raised for us surprises programs that use select.
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    if (files.rlim_max == RLIM_INFINITY || files.rlim_max > 1024) files.rlim_cur = 1024;
    (void)setrlimit(RLIMIT_NOFILE, &files);
  }
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(path, (char *const *)arguments, (char *const *)environment);
failed:
  error = errno;
  ssize_t written = write(report, &error, sizeof error);
  _exit(written == sizeof error ? 127 : 126);
}

// Starts a program as the leader of a new session. `arguments` and `environment` are so many
// strings, one behind the other.
static inline int clinux_spawn(const char *path, const char *arguments, size_t argument_count,
                               const char *environment, size_t environment_count, int input,
                               int output, int report) {
  if (argument_count > clinux_spawn_maximum || environment_count > clinux_spawn_maximum) {
    errno = E2BIG;
    return -1;
  }
  const char *argv[clinux_spawn_maximum + 1];
  const char *envp[clinux_spawn_maximum + 1];
  clinux_split(arguments, argument_count, argv);
  clinux_split(environment, environment_count, envp);
  // No handler of ours runs in the child.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t child = fork();
  if (child == 0) clinux_become(path, argv, envp, input, output, report);
  int error = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return child;
}

// How many devices the file system has, and the highest number that one has.
static inline int clinux_btrfs_device_count(int fd, uint64_t *count, uint64_t *highest) {
  struct btrfs_ioctl_fs_info_args args;
  memset(&args, 0, sizeof args);
  int result = ioctl(fd, BTRFS_IOC_FS_INFO, &args);
  *count = args.num_devices;
  *highest = args.max_id;
  return result;
}

// `path` has room for BTRFS_DEVICE_PATH_NAME_MAX + 1 bytes.
static const uint64_t clinux_btrfs_device_path_max = BTRFS_DEVICE_PATH_NAME_MAX;
static inline int clinux_btrfs_device_info(int fd, uint64_t id, uint64_t *total, uint64_t *used,
                                           uint8_t *path) {
  struct btrfs_ioctl_dev_info_args args;
  memset(&args, 0, sizeof args);
  args.devid = id;
  int result = ioctl(fd, BTRFS_IOC_DEV_INFO, &args);
  if (result != 0) return result;
  *total = args.total_bytes;
  *used = args.bytes_used;
  memcpy(path, args.path, BTRFS_DEVICE_PATH_NAME_MAX);
  path[BTRFS_DEVICE_PATH_NAME_MAX] = 0;
  return 0;
}

// The path of a directory below its subvolume's root, with a slash behind it; empty for the root.
enum { CLINUX_BTRFS_PATH_ROOM = BTRFS_INO_LOOKUP_PATH_MAX };
static inline int clinux_btrfs_ino_lookup(int fd, uint64_t tree, uint64_t inode,
                                          uint8_t path[CLINUX_BTRFS_PATH_ROOM]) {
  struct btrfs_ioctl_ino_lookup_args args;
  memset(&args, 0, sizeof args);
  args.treeid = tree;
  args.objectid = inode;
  int result = ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args);
  memcpy(path, args.name, CLINUX_BTRFS_PATH_ROOM);
  return result;
}

static const uint64_t clinux_btrfs_fs_tree = BTRFS_FS_TREE_OBJECTID;
static const uint64_t clinux_btrfs_uuid_tree = BTRFS_UUID_TREE_OBJECTID;
static const uint32_t clinux_btrfs_uuid_subvol = BTRFS_UUID_KEY_SUBVOL;
static const uint32_t clinux_btrfs_uuid_received_subvol = BTRFS_UUID_KEY_RECEIVED_SUBVOL;
static const uint32_t clinux_btrfs_root_backref = BTRFS_ROOT_BACKREF_KEY;
static const uint32_t clinux_btrfs_inode_item = BTRFS_INODE_ITEM_KEY;

// What is found of a tree between two keys, each struct btrfs_ioctl_search_header and the item.
// Returns how many items there are in `found`, which has room for CLINUX_BTRFS_SEARCH_ROOM bytes.
enum { CLINUX_BTRFS_SEARCH_ROOM = 65536 };
static inline int clinux_btrfs_tree_search(int fd, uint64_t tree, uint64_t min_objectid,
                                           uint64_t max_objectid, uint32_t min_type,
                                           uint32_t max_type, uint64_t min_offset,
                                           uint64_t max_offset, uint64_t min_transid,
                                           void *found) {
  union {
    struct btrfs_ioctl_search_args_v2 args;
    char room[sizeof(struct btrfs_ioctl_search_args_v2) + CLINUX_BTRFS_SEARCH_ROOM];
  } buffer;
  memset(&buffer.args, 0, sizeof buffer.args);
  buffer.args.key.tree_id = tree;
  buffer.args.key.min_objectid = min_objectid;
  buffer.args.key.max_objectid = max_objectid;
  buffer.args.key.min_type = min_type;
  buffer.args.key.max_type = max_type;
  buffer.args.key.min_offset = min_offset;
  buffer.args.key.max_offset = max_offset;
  buffer.args.key.min_transid = min_transid;
  buffer.args.key.max_transid = UINT64_MAX;
  buffer.args.key.nr_items = UINT32_MAX >> 1;
  buffer.args.buf_size = CLINUX_BTRFS_SEARCH_ROOM;
  int result = ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, &buffer.args);
  if (result != 0) return result;
  memcpy(found, buffer.args.buf, CLINUX_BTRFS_SEARCH_ROOM);
  return (int)buffer.args.key.nr_items;
}
