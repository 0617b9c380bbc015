// fuseblk FOLDER MOUNTPOINT: a block device with a volatile write cache, as the FUSE file MOUNTPOINT/disk.
//
// FOLDER/volatile.img is what reads see; FOLDER/durable.img gets the writes when they are flushed (a loop device on
// top turns FLUSH and FUA into fsync). Writes between two flushes are kept in order. Commands go into
// MOUNTPOINT/control, one per write; reading it gives the counters. device.py is the driver.
//
//   flush-eio MS     flushes fail, and what they had to make durable never becomes durable, even if a later one is OK
//   flush-lie MS     flushes say OK and do nothing
//   flush-hang MS    flushes wait until the time is over
//   write-eio MS, write-enospc MS     writes fail
//   cut PATH KEEP TEAR SEED   the power goes: PATH becomes a copy of the durable image, with KEEP percent of the
//                             unflushed writes, TEAR percent of them with each sector kept or not (FOLDER has reflinks)
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SECTOR = 512 };
enum fault { FLUSH_EIO, FLUSH_LIE, FLUSH_HANG, WRITE_EIO, WRITE_ENOSPC, FAULTS };
static const char *const FAULT_NAMES[FAULTS] = {"flush-eio", "flush-lie", "flush-hang", "write-eio", "write-enospc"};

struct unflushed {
  struct unflushed *next;
  off_t at;
  size_t bytes;
  char data[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // all below
static int volatile_fd, durable_fd;
static off_t disk_bytes;
static struct unflushed *first, **end = &first;
static int64_t until[FAULTS];                   // ms, monotonic
static unsigned long struck[FAULTS], flushes, writes; // how often each fault was felt; what went well

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int strikes(enum fault fault) {
  if (now_ms() >= until[fault]) return 0;
  struck[fault]++;
  return 1;
}

static int write_all(int fd, const char *data, size_t bytes, off_t at) {
  while (bytes > 0) {
    ssize_t done = pwrite(fd, data, bytes, at);
    if (done < 0) return -errno;
    data += done, bytes -= done, at += done;
  }
  return 0;
}

// Empties the list of unflushed writes, into the durable image or into nothing.
static int settle(int keep) {
  int result = 0;
  while (first) {
    struct unflushed *one = first;
    if (keep && result == 0) result = write_all(durable_fd, one->data, one->bytes, one->at);
    first = one->next;
    free(one);
  }
  end = &first;
  return result;
}

static int chance(unsigned percent, unsigned *seed) { return (unsigned)rand_r(seed) % 100 < percent; }

static int cut(const char *path, unsigned keep, unsigned tear, unsigned seed) {
  int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
  if (fd < 0) return -errno;
  int result = ioctl(fd, FICLONE, durable_fd) < 0 ? -errno : 0;
  for (struct unflushed *one = first; one && result == 0; one = one->next) {
    if (!chance(keep, &seed)) continue;
    int torn = chance(tear, &seed);
    for (size_t done = 0; done < one->bytes && result == 0; done += SECTOR) {
      size_t bytes = one->bytes - done < SECTOR ? one->bytes - done : SECTOR;
      if (!torn || chance(50, &seed)) result = write_all(fd, one->data + done, bytes, one->at + done);
    }
  }
  close(fd);
  return result;
}

static int command(const char *text) {
  char word[32], path[4096];
  unsigned ms, keep, tear, seed;
  if (sscanf(text, "cut %4095s %u %u %u", path, &keep, &tear, &seed) == 4) return cut(path, keep, tear, seed);
  if (sscanf(text, "%31s %u", word, &ms) != 2) return -EINVAL;
  for (int fault = 0; fault < FAULTS; fault++) {
    if (strcmp(word, FAULT_NAMES[fault]) == 0) {
      until[fault] = now_ms() + ms;
      return 0;
    }
  }
  return -EINVAL;
}

static int is_disk(const char *path) { return strcmp(path, "/disk") == 0; }

static int do_getattr(const char *path, struct stat *about, struct fuse_file_info *info) {
  (void)info;
  memset(about, 0, sizeof *about);
  about->st_nlink = 1;
  about->st_mode = S_IFREG | 0600;
  if (strcmp(path, "/") == 0) about->st_mode = S_IFDIR | 0700;
  else if (is_disk(path)) about->st_size = disk_bytes;
  else if (strcmp(path, "/control") != 0) return -ENOENT;
  return 0;
}

static int do_readdir(const char *path, void *into, fuse_fill_dir_t fill, off_t at, struct fuse_file_info *info,
                      enum fuse_readdir_flags flags) {
  (void)path, (void)at, (void)info, (void)flags;
  fill(into, "disk", NULL, 0, 0);
  fill(into, "control", NULL, 0, 0);
  return 0;
}

static int do_open(const char *path, struct fuse_file_info *info) {
  (void)path;
  info->direct_io = 1; // no page cache of the FUSE file: every request arrives here
  return 0;
}

static int do_truncate(const char *path, off_t bytes, struct fuse_file_info *info) {
  (void)bytes, (void)info;
  return is_disk(path) ? -EPERM : 0;
}

static int do_read(const char *path, char *into, size_t bytes, off_t at, struct fuse_file_info *info) {
  (void)info;
  if (is_disk(path)) {
    ssize_t done = pread(volatile_fd, into, bytes, at);
    return done < 0 ? -errno : (int)done;
  }
  char text[512];
  pthread_mutex_lock(&lock);
  int length = snprintf(text, sizeof text, "writes %lu\nflushes %lu\n", writes, flushes);
  for (int fault = 0; fault < FAULTS; fault++)
    length += snprintf(text + length, sizeof text - length, "%s %lu\n", FAULT_NAMES[fault], struck[fault]);
  pthread_mutex_unlock(&lock);
  if (at >= length) return 0;
  if (bytes > (size_t)(length - at)) bytes = length - at;
  memcpy(into, text + at, bytes);
  return (int)bytes;
}

static int write_disk(const char *data, size_t bytes, off_t at) {
  if (strikes(WRITE_EIO)) return -EIO;
  if (strikes(WRITE_ENOSPC)) return -ENOSPC;
  struct unflushed *one = malloc(sizeof *one + bytes);
  if (!one) return -ENOMEM;
  *one = (struct unflushed){.at = at, .bytes = bytes};
  memcpy(one->data, data, bytes);
  *end = one;
  end = &one->next;
  writes++;
  int result = write_all(volatile_fd, data, bytes, at);
  return result < 0 ? result : (int)bytes;
}

static int do_write(const char *path, const char *data, size_t bytes, off_t at, struct fuse_file_info *info) {
  (void)info;
  char text[4200] = "";
  if (!is_disk(path)) memcpy(text, data, bytes < sizeof text ? bytes : sizeof text - 1);
  pthread_mutex_lock(&lock);
  int result = is_disk(path) ? write_disk(data, bytes, at) : command(text);
  pthread_mutex_unlock(&lock);
  return result < 0 ? result : (int)bytes;
}

static int do_fsync(const char *path, int data_only, struct fuse_file_info *info) {
  (void)path, (void)data_only, (void)info;
  pthread_mutex_lock(&lock);
  if (strikes(FLUSH_HANG)) {
    int64_t wake = until[FLUSH_HANG];
    pthread_mutex_unlock(&lock);
    while (now_ms() < wake) usleep(1000);
    pthread_mutex_lock(&lock);
  }
  int result = 0;
  if (strikes(FLUSH_EIO)) {
    settle(0);
    result = -EIO;
  } else if (!strikes(FLUSH_LIE)) {
    result = settle(1);
    flushes++;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

static const struct fuse_operations OPERATIONS = {
    .getattr = do_getattr, .readdir = do_readdir,   .open = do_open,   .truncate = do_truncate,
    .read = do_read,       .write = do_write,       .fsync = do_fsync,
};

static int open_image(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_RDWR);
  if (fd < 0) perror(path), exit(1);
  return fd;
}

int main(int count, char **arguments) {
  if (count != 3) return fprintf(stderr, "usage: fuseblk FOLDER MOUNTPOINT\n"), 2;
  volatile_fd = open_image(arguments[1], "volatile.img");
  durable_fd = open_image(arguments[1], "durable.img");
  struct stat about;
  if (fstat(volatile_fd, &about) < 0) return perror("volatile.img"), 1;
  disk_bytes = about.st_size;
  char *fuse_arguments[] = {arguments[0], "-f", arguments[2], NULL};
  return fuse_main(3, fuse_arguments, &OPERATIONS, NULL);
}
