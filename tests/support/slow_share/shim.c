/*
 * Makes a local directory behave as a badly caching network filesystem does, for the processes that are started with
 * this library in LD_PRELOAD. It stands between a program and the functions of glibc that take paths, and is steered by:
 *
 *   SHARE_DIR             the directory; what is not below it is left alone
 *   SHARE_DELAY_MS        an entry that another process made, or moved there, less than this ago is not seen
 *   SHARE_REPEAT_PERCENT  how many renames, links, mkdirs and removals are done twice, as a client does that had no
 *                         answer to the first request; the caller gets the second answer
 *   SHARE_STALE_PERCENT   how many openings and looks at an entry fail with ESTALE
 *   SHARE_LOCKS           ENOLCK, ENOSYS or ESTALE: what locks of files answer
 *
 * For Linux on x86_64 or arm64 with glibc, where a function's names with and without 64 mean the same. It knows the
 * functions that Deno calls, and few others.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The function of this name behind ours. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static char root[PATH_MAX]; /* Empty: nothing is changed. */
static long delay_ms, repeat_percent, stale_percent;
static int lock_error;

static long number(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : atol(text);
}

__attribute__((constructor)) static void configure(void) {
  const char *dir = getenv("SHARE_DIR"), *locks = getenv("SHARE_LOCKS");
  delay_ms = number("SHARE_DELAY_MS");
  repeat_percent = number("SHARE_REPEAT_PERCENT");
  stale_percent = number("SHARE_STALE_PERCENT");
  if (locks != NULL && *locks != 0) {
    lock_error = strcmp(locks, "ENOLCK") == 0 ? ENOLCK : strcmp(locks, "ENOSYS") == 0 ? ENOSYS : ESTALE;
  }
  if (dir != NULL && realpath(dir, root) == NULL) root[0] = 0;
}

static int happens(long percent) {
  unsigned value = 0;
  if (percent <= 0) return 0;
  getrandom(&value, sizeof value, 0);
  return value % 100 < (unsigned)percent;
}

/* ---- What this process made, which it sees at once: names in a directory, which stays the same when it is moved. */

#define PLACES (1 << 18)
#define REMOVED 1
static uint64_t made[PLACES];
static pthread_mutex_t made_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t entry_key(const struct statx *parent, const char *name) {
  uint64_t hash = 14695981039346656037u ^ parent->stx_ino ^ ((uint64_t)parent->stx_dev_minor << 48);
  for (hash *= 1099511628211u; *name != 0; name++) hash = (hash ^ (unsigned char)*name) * 1099511628211u;
  return hash <= REMOVED ? hash + 2 : hash;
}

static uint64_t *find_made(uint64_t key) {
  uint64_t place = key % PLACES;
  while (made[place] != 0 && made[place] != key) place = (place + 1) % PLACES;
  return &made[place];
}

static int is_made(uint64_t key) {
  pthread_mutex_lock(&made_lock);
  int found = *find_made(key) == key;
  pthread_mutex_unlock(&made_lock);
  return found;
}

static void set_made(uint64_t key, int is_there) {
  pthread_mutex_lock(&made_lock);
  uint64_t *place = find_made(key);
  if (is_there) *place = key;
  else if (*place == key) *place = REMOVED;
  pthread_mutex_unlock(&made_lock);
}

/* ---- Paths. */

static int look(const char *path, struct statx *found) {
  /* Not by way of our own statx(). */
  return (int)syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, found);
}

static int is_below_root(const char *path) {
  size_t length = strlen(root);
  return length > 0 && strncmp(path, root, length) == 0 && path[length] == '/';
}

/* Writes the path without links into `out` (of PATH_MAX); answers whether it is below the root. Keeps errno. */
static int resolve(int dir, const char *path, char *out) {
  char whole[PATH_MAX + 64], parent[PATH_MAX];
  int before = errno;
  if (root[0] == 0 || path == NULL || path[0] == 0 || strlen(path) >= PATH_MAX) return 0;
  if (path[0] == '/' || dir == AT_FDCWD) snprintf(whole, sizeof whole, "%s%s", path[0] == '/' ? "" : "./", path);
  else snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", dir, path);
  for (size_t end = strlen(whole); end > 1 && whole[end - 1] == '/'; end--) whole[end - 1] = 0;
  char *slash = strrchr(whole, '/');
  const char *name = slash + 1;
  int is_entry = slash != whole && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
  if (is_entry) *slash = 0;
  int found = realpath(whole, parent) != NULL;
  errno = before;
  if (!found) return 0;
  int length = is_entry ? snprintf(out, PATH_MAX, "%s/%s", parent, name) : snprintf(out, PATH_MAX, "%s", parent);
  return length < PATH_MAX && is_below_root(out);
}

static double ms_of(struct statx_timestamp time) {
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/*
 * Whether it came to be here less than the delay ago. A rename changes the inode's ctime and nothing else, but so does
 * writing to a file, or making an entry in a directory, which change its mtime too: then only its birth counts. So what
 * was written to in the second before it was moved is seen, unless it was made then.
 */
static int is_fresh(const struct statx *entry) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  double changed = ms_of(entry->stx_ctime), appeared = changed;
  /* Who sets the mtime to the present time looked at the clock a little earlier. */
  if (ms_of(entry->stx_mtime) > changed - 1000 && (entry->stx_mask & STATX_BTIME)) appeared = ms_of(entry->stx_btime);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6 - appeared < delay_ms;
}

/* Whether the path, resolved, is not seen yet, or a directory on the way to it; `is_target`: only these. */
static int is_hidden(const char *path, int is_target) {
  char part[PATH_MAX];
  struct statx parent, entry;
  int before = errno, hidden = 0;
  if (delay_ms <= 0 || look(root, &parent) != 0) return 0;
  for (const char *name = path + strlen(root) + 1; name != NULL && !hidden; parent = entry) {
    const char *slash = strchr(name, '/');
    size_t end = slash == NULL ? strlen(path) : (size_t)(slash - path);
    if (slash == NULL && is_target) break;
    memcpy(part, path, end);
    part[end] = 0;
    if (look(part, &entry) != 0) break;
    hidden = is_fresh(&entry) && !is_made(entry_key(&parent, part + (name - path)));
    name = slash == NULL ? NULL : slash + 1;
  }
  errno = before;
  return hidden;
}

/* Notes that this process made the entry, or removed it. */
static void note(const char *path, int is_there) {
  char parent[PATH_MAX];
  struct statx found;
  int before = errno;
  const char *slash = strrchr(path, '/');
  memcpy(parent, path, slash - path);
  parent[slash - path] = 0;
  if (look(parent, &found) == 0) set_made(entry_key(&found, slash + 1), is_there);
  errno = before;
}

/* ---- Looking at entries, and opening them. */

static int refused(int error) {
  errno = error;
  return -1;
}

/* What befalls who wants what is at the path: an error, or 0. */
static int fault_at(int dir, const char *path, int can_be_stale) {
  char full[PATH_MAX];
  if (!resolve(dir, path, full)) return 0;
  if (is_hidden(full, 0)) return ENOENT;
  return can_be_stale && happens(stale_percent) ? ESTALE : 0;
}

#define GUARDED(dir, path, can_be_stale, call)   \
  int fault = fault_at(dir, path, can_be_stale); \
  return fault != 0 ? refused(fault) : (call);

static int open_entry(int dir, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  int makes = (flags & O_CREAT) != 0, is_shared = resolve(dir, path, full);
  if (is_shared && is_hidden(full, makes)) return refused(ENOENT);
  if (is_shared && happens(stale_percent)) return refused(ESTALE);
  int file = REAL(openat)(dir, path, flags, mode);
  if (is_shared && makes && file >= 0) note(full, 1);
  return file;
}

#define MODE_OF(flags)                     \
  mode_t mode = 0;                         \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list rest;                          \
    va_start(rest, flags);                 \
    mode = va_arg(rest, mode_t);           \
    va_end(rest);                          \
  }

int open(const char *path, int flags, ...) { MODE_OF(flags) return open_entry(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return open_entry(AT_FDCWD, path, flags, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE_OF(flags) return open_entry(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE_OF(flags) return open_entry(dir, path, flags, mode); }

int statx(int dir, const char *path, int flags, unsigned mask, struct statx *found) {
  GUARDED(dir, path, 1, REAL(statx)(dir, path, flags, mask, found))
}
int stat(const char *path, struct stat *found) { GUARDED(AT_FDCWD, path, 1, REAL(stat)(path, found)) }
int lstat(const char *path, struct stat *found) { GUARDED(AT_FDCWD, path, 1, REAL(lstat)(path, found)) }
int fstatat(int dir, const char *path, struct stat *found, int flags) {
  GUARDED(dir, path, 1, REAL(fstatat)(dir, path, found, flags))
}
int access(const char *path, int mode) { GUARDED(AT_FDCWD, path, 0, REAL(access)(path, mode)) }
int chmod(const char *path, mode_t mode) { GUARDED(AT_FDCWD, path, 0, REAL(chmod)(path, mode)) }
ssize_t readlink(const char *path, char *text, size_t size) {
  GUARDED(AT_FDCWD, path, 0, REAL(readlink)(path, text, size))
}
int utimensat(int dir, const char *path, const struct timespec times[2], int flags) {
  GUARDED(dir, path, 0, REAL(utimensat)(dir, path, times, flags))
}

DIR *opendir(const char *path) {
  int fault = fault_at(AT_FDCWD, path, 1);
  if (fault == 0) return REAL(opendir)(path);
  errno = fault;
  return NULL;
}

struct dirent *readdir(DIR *dir) {
  char path[PATH_MAX] = "";
  struct dirent *entry;
  int is_shared = delay_ms > 0 && (resolve(dirfd(dir), ".", path) || (root[0] != 0 && strcmp(path, root) == 0));
  while ((entry = REAL(readdir)(dir)) != NULL && is_shared) {
    size_t length = strlen(path);
    int is_listed = 1;
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
      snprintf(path + length, sizeof path - length, "/%s", entry->d_name);
      is_listed = !is_hidden(path, 0);
      path[length] = 0;
    }
    if (is_listed) break;
  }
  return entry;
}
struct dirent64 *readdir64(DIR *dir) { return (struct dirent64 *)readdir(dir); }

/* ---- Changes, which may be asked for twice. */

/* `from` has to be there already, `to` is what is made; either may be NULL. */
#define CHANGE(from_dir, from, to_dir, to, leaves_from, call)     \
  char source[PATH_MAX], target[PATH_MAX];                        \
  int has_source = resolve(from_dir, from, source);               \
  int has_target = resolve(to_dir, to, target);                   \
  if (has_source && is_hidden(source, 0)) return refused(ENOENT); \
  if (has_target && is_hidden(target, 1)) return refused(ENOENT); \
  if ((call) != 0) return -1;                                     \
  if (has_source && !(leaves_from)) note(source, 0);              \
  if (has_target) note(target, 1);                                \
  return (has_source || has_target) && happens(repeat_percent) ? (call) : 0;

int rename(const char *from, const char *to) {
  CHANGE(AT_FDCWD, from, AT_FDCWD, to, 0, REAL(rename)(from, to))
}
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
  CHANGE(from_dir, from, to_dir, to, 1, REAL(linkat)(from_dir, from, to_dir, to, flags))
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int symlink(const char *text, const char *to) {
  CHANGE(AT_FDCWD, NULL, AT_FDCWD, to, 1, REAL(symlink)(text, to))
}
int mkdir(const char *path, mode_t mode) { CHANGE(AT_FDCWD, NULL, AT_FDCWD, path, 1, REAL(mkdir)(path, mode)) }
int unlinkat(int dir, const char *path, int flags) {
  CHANGE(dir, path, AT_FDCWD, NULL, 0, REAL(unlinkat)(dir, path, flags))
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

/* ---- Locks. */

static int is_shared_file(int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = lock_error == 0 ? -1 : REAL(readlink)(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below_root(path);
}

int flock(int file, int operation) {
  return is_shared_file(file) ? refused(lock_error) : REAL(flock)(file, operation);
}

int fcntl(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *); /* What is shorter is passed on as well. */
  va_end(rest);
  int locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK || command == F_OFD_SETLK ||
              command == F_OFD_SETLKW || command == F_OFD_GETLK;
  return locks && is_shared_file(file) ? refused(lock_error) : REAL(fcntl)(file, command, argument);
}
